"""The machines that steps are done on: this one, and those of the inventory over SSH."""
