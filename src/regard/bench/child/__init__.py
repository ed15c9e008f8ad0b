"""What a measured process takes with it into any environment: `clock.py`, standard library only."""
