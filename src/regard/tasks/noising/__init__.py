"""How a text is spoilt that an encoder-decoder learns to make good: one file per kind."""
