"""Opsbook makes a team's plain-Markdown operations folder work; this package does nothing when imported."""

__version__ = "0.1.0"
