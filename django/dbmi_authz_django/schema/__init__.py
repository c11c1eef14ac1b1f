"""What models declare about their rows, and what migrations make of it."""
