"""Where things stand: one file per way of telling a model about positions."""
