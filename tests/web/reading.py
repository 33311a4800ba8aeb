"""A page read as a browser's parser does, as far as tests ask: elements, ids, links, and what must not be there."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "link", "input", "br", "wbr", "hr", "img", "path", "circle"}


@dataclass
class Read(HTMLParser):
    """What a page holds."""

    ids: list[str] = field(default_factory=list)
    links: list[tuple[str, str]] = field(default_factory=list)  # (element, address)
    tags: list[str] = field(default_factory=list)
    unsafe: list[str] = field(default_factory=list)  # inline script and style, handlers
    title: str = ""
    text: list[str] = field(default_factory=list)
    _open: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note it."""
        self.tags.append(tag)
        told = {name: value or "" for name, value in attrs}
        if tag not in VOID:
            self._open.append(tag)
        if "id" in told:
            self.ids.append(told["id"])
        for name in ("href", "src", "action"):
            if name in told:
                self.links.append((tag, told[name]))
        self.unsafe += [f"{tag} {name}" for name in told if name.startswith("on") or name == "style"]
        if tag == "style" or (tag == "script" and "src" not in told):
            self.unsafe.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Every element is closed in its order."""
        if tag in VOID:
            return
        assert self._open, f"</{tag}> closes nothing"
        assert self._open.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, data: str) -> None:
        """Text."""
        if self._open[-1:] == ["title"] and "svg" not in self._open:
            self.title += data
        self.text.append(data)


def read(html: str) -> Read:
    """Parse a page. Raises AssertionError where elements are closed out of order."""
    found = Read()
    found.feed(html)
    found.close()
    assert not found._open, f"left open: {found._open}"
    return found


def addressed(html: str) -> list[str]:
    """Where a page leads."""
    return [address for _, address in read(html).links]
