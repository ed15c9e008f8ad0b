"""What of a model learns when it is adapted: one file per kind."""
