"""Work as the owner of tables, which policies bind too."""
