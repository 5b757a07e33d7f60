"""A page taken apart: its elements, its text, its embedded data."""

import json
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

VOID = {"meta", "br", "img", "input", "link", "hr"}


@dataclass
class Page(HTMLParser):
    """Elements with their attributes, and the text outside of scripts and styles."""

    source: str
    elements: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.feed(self.source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] not in ("script", "style"):
            self.texts.append(data)

    @property
    def text(self) -> str:
        """Words as a reader sees them, with plain spaces."""
        return re.sub(r"\s+", " ", " ".join(self.texts)).strip()

    @property
    def data(self) -> dict[str, Any]:
        """What the charts are drawn from."""
        found = re.search(
            r'<script type="application/json" id="charts">(.*?)</script>', self.source, re.S
        )
        assert found
        data: dict[str, Any] = json.loads(found[1])
        return data

    def every(self, tag: str) -> list[dict[str, str | None]]:
        """Attributes of all elements of a tag."""
        return [attributes for name, attributes in self.elements if name == tag]
