"""Floor 4: verbs, each gather → decide → record → act; no I/O of their own, only ports."""
