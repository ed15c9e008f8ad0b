"""How pairs teach an encoder what is alike: one file per kind."""
