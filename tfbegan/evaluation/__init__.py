"""Measures of generated faces: diversity, and whether they are faces."""
