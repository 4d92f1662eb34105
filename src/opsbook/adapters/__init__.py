"""Floor 5: one neighbour, one file; no adapter imports another."""
