"""How an answer is read off a vector: one file per kind."""
