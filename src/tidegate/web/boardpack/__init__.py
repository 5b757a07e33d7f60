"""The board pack: finance's reports as a PDF of a few pages with charts."""

from tidegate.web.boardpack.pack import Findings, board_pack

__all__ = ["Findings", "board_pack"]
