"""What senders send, as batches: a pure parser for each format. None of them raises, whatever the bytes."""
