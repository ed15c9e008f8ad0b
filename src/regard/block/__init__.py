"""A mixer, a feed-forward and their residuals: one file per kind."""
