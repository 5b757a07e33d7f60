"""Against thrash: nodes called back are not lent again at once, and nodes just lent are not called back for a flicker.

The rules' constants stand here, in one place; a test holds demand that flickers at every tick to a few recalls an hour.
"""

from typing import Final

from tidegate.compiled import compiled

SETTLED_S: Final = 1800
"""A lease that started less long ago is displaced for no request, and recalled only when others do not suffice.

It has not yet brought what its two rounds of sanitising cost.
"""

FLICKER_S: Final = 60
"""Internal work must have lacked nodes for so long before such a lease is recalled for it.

Most jobs that ask for nodes and give up, fail or fit elsewhere do so within a minute. A lease is spared only where
the minute, its notice and sanitising are within the recall floor, so that nobody waits longer for it than is granted.
"""

BACK_OFF_S: Final = 1800
"""After a recall the nodes up to the demand that it was made for are not lent for so long.

As long as a lease takes to settle: what is lent again sooner would be the first to be recalled again.
"""


@compiled
def kept_back(level: int, until_s: int, demand: int, now_s: int) -> int:
    """Return the idle nodes that are kept for internal work to come back.

    Parameters
    ----------
    level : int
        The highest internal demand, in nodes, that a recall was made for of late.
    until_s : int
        Until when that counts.
    demand : int
        Internal demand now.
    now_s : int
    """
    return max(0, level - demand) if now_s < until_s else 0


@compiled
def level_called_for(level: int, until_s: int, demand: int, now_s: int) -> int:
    """Return the level that counts from a recall on, for ``BACK_OFF_S``."""
    return max(level, demand) if now_s < until_s else demand
