"""One lint rule per file; each file names its rule, says why it exists, and registers one check."""
