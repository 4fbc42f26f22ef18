"""Turns footage into a folder of TFRecords that tfbegan learns from."""
