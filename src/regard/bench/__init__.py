"""Speed and memory beside the peers, in alternation within one run, told as ratios."""
