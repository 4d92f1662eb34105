"""Rules for files of alert rules: whether each alert leads to a page of the book."""
