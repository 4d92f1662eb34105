"""Floor 1: knows nothing of operations; pure, no clock, no files, no environment."""
