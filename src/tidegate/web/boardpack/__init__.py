"""The board pack: finance's reports as a PDF of a few pages with charts."""

from tidegate.web.boardpack.findings import Findings
from tidegate.web.boardpack.pack import board_pack

__all__ = ["Findings", "board_pack"]
