"""A training run: its folder, checkpoints, callbacks and loop."""
