"""One loop for every task, and what it leans on."""
