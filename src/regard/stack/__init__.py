"""How blocks follow each other: one file per kind."""
