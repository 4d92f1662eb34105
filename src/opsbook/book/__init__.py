"""Floor 2: what should happen, as pages say it; pure, reads text and never the disk."""
