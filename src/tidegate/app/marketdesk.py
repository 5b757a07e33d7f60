"""The market's story for the console: played in the background when somebody first asks, then kept."""

import threading
from collections.abc import Callable
from datetime import date
from typing import Final

from tidegate.app.marketstory import told_story
from tidegate.app.workers import Crew
from tidegate.errors import TidegateError
from tidegate.market.posterior import shipped
from tidegate.market.run import Draws
from tidegate.plan.marketstory import MarketStory

DRAWS: Final = 200
"""Futures that the console's page is drawn from."""

ENTRY: Final = date(2026, 11, 1)
"""Month of the bundled scenarios' entry."""

_CREW: Final = Crew("threading", workers=1)
"""One thread: a running system's own work goes first."""


def entry_against_none() -> MarketStory:
    """Play the giant's entry against none, with claims and sliders."""
    source = shipped()
    draws = Draws(source.posterior, DRAWS, 0)
    return told_story("enters", "base", draws, ENTRY, origin=source.origin, crew=_CREW)


class PlayedOnce:
    """A story that is played in a thread of its own, and kept.

    Parameters
    ----------
    play : callable
        Plays it; takes minutes.
    """

    def __init__(self, play: Callable[[], MarketStory] = entry_against_none) -> None:
        self._play = play
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._story: MarketStory | None = None
        self._error: TidegateError | None = None

    def story(self) -> MarketStory | None:
        """Return the story; None while it is being played, which the first call begins.

        Raises
        ------
        TidegateError
            What kept it from being played; the next call begins again.
        """
        with self._lock:
            if self._error is not None:
                error, self._error = self._error, None
                raise error
            if self._story is None and (self._thread is None or not self._thread.is_alive()):
                self._thread = threading.Thread(target=self._run, name="market", daemon=True)
                self._thread.start()
            return self._story

    def _run(self) -> None:
        try:
            story = self._play()
        except TidegateError as error:
            with self._lock:
                self._error = error
            return
        with self._lock:
            self._story = story
