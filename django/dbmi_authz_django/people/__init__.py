"""request.user, and what browsers are answered."""
