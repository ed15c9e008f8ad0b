"""How a translator looks for its answer: one file per search."""
