"""Measuring: scores, significance, slices and alignment error; imports nothing else of regard."""
