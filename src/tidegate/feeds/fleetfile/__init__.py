"""Fleet files: what is owned, what may be leased, where demand is logged (TOML).

``read_fleet`` goes through the file in five steps, each in its module: ``document`` reads the text,
``lines`` finds the line of every key, ``tables`` says which keys and values there may be, ``pricing``
and ``resolve`` tie the tables together into a scenario, and ``problems`` gathers all that is wrong on
the way.
"""

from tidegate.feeds.fleetfile.reader import read_fleet

__all__ = ["read_fleet"]
