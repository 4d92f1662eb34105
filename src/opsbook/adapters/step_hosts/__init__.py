"""Machines that steps are done on: this one, and others over a connection; both by the same small program."""
