"""What a reader is to tell of a text some of whose tokens were replaced: one file per kind."""
