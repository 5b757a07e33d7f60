"""The commands."""

from tidegate.cli.main import app, main

__all__ = ["app", "main"]
