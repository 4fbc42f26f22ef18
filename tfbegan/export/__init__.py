"""A generator for other programs to serve."""
