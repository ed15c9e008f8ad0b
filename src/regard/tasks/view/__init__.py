"""How a row of texts is laid before an encoder: one file per kind."""
