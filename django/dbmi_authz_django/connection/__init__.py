"""How the token reaches the database on a connection of Django's."""
