"""Floor 6: doors; translate in, call one verb, translate out."""
