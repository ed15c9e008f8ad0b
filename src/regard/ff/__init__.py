"""What happens to each position by itself: one file per kind."""
