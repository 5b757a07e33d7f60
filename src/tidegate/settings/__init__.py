"""What the running system is told by its surroundings: read once, checked, then frozen."""

from tidegate.settings.settings import PREFIX, Settings, read_settings

__all__ = ["PREFIX", "Settings", "read_settings"]
