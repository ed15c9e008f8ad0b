"""What rows, losses, answers and scores are: one file per task."""
