"""Where sentence pairs come from: one file per kind of corpus."""
