"""What moves information along time and is not attention: one file per kind."""
