"""What a translator is trained for: one file per objective."""
