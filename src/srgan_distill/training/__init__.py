"""Training, read from top to bottom: setup, schedule, loop, losses, batches."""
