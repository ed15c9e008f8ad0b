"""From tokens to vectors: one file per kind."""
