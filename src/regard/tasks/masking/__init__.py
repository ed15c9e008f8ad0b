"""Which tokens are hidden while a model is pre-trained: one file per kind."""
