"""From files and Hub data sets to batches of token ids."""
