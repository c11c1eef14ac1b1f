"""What caches may keep, and for whom."""
