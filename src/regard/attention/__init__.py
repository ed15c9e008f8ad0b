"""How queries read keys and values: one file per mechanism."""
