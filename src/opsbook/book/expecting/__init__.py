"""What an answer must be, read from the words that people write for it. None of it raises."""
