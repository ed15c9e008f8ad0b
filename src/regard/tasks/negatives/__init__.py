"""Which pairs share a batch, and so are each other's negatives: one file per kind."""
