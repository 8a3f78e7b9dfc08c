"""Training, read from top to bottom: setup, loop, losses, batches, distributed."""
