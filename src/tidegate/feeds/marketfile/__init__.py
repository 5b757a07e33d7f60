"""Market scenarios: folders of TOML and CSV, each figure with its unit in its name."""

from tidegate.feeds.marketfile.reader import bundled_scenarios, read_market

__all__ = ["bundled_scenarios", "read_market"]
