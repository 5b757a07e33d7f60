"""Slow and obvious twins of the compiled code, written from the same page."""
