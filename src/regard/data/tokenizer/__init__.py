"""How text becomes token ids and comes back unharmed: one file per kind of tokenizer."""
