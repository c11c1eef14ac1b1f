"""System checks, and what they ask a database."""
