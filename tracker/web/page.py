"""One answer: bytes, what they are, and how they may be kept."""

import gzip
from base64 import b64encode
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from hashlib import sha256

HTML = "text/html; charset=utf-8"
JSON = "application/json"
MARKDOWN = "text/markdown; charset=utf-8"
_TYPES = {
    "html": HTML, "md": MARKDOWN, "json": JSON, "css": "text/css; charset=utf-8", "svg": "image/svg+xml",
    "js": "text/javascript; charset=utf-8", "txt": "text/plain; charset=utf-8", "xml": "application/xml; charset=utf-8",
    "atom": "application/atom+xml; charset=utf-8", "feed": "application/feed+json; charset=utf-8",
}  # fmt: skip
_WORTH_IT = 512  # bytes: less than that is as long when it is compressed


class MissingPageError(Exception):
    """No page stands under that path."""


@dataclass(eq=False)
class Page:
    """What is sent, or written to a file. Its tag is that of its content: the same bytes have the same tag anywhere."""

    body: bytes
    media_type: str
    modified: datetime | None = None  # UTC: of the newest fact on it, where one instant says that
    max_age_s: int = 60  # how long a cache may answer without asking
    style: str = ""  # what its one style of its own is known by to a Content-Security-Policy: 'sha256-...'
    links: tuple[str, ...] = field(default=())  # further pages that it leads to, for the builder of files

    @cached_property
    def etag(self) -> str:
        """A strong tag (RFC 9110, 8.8.3) of the uncompressed content."""
        return f'"{sha256(self.body).hexdigest()[:24]}"'

    @cached_property
    def compressed(self) -> bytes | None:
        """The body as gzip; None where that gains nothing."""
        if len(self.body) < _WORTH_IT:
            return None
        packed = gzip.compress(self.body, 6, mtime=0)
        return packed if len(packed) < len(self.body) else None


def printed_page(text: str, modified: datetime | None = None, max_age_s: int = 60) -> Page:
    """A page that is one file, its style in it: that style is allowed by its hash (CSP Level 3, 6.7.3.3)."""
    style = text.partition("<style>")[2].partition("</style>")[0]
    page = text_page(text, "html", modified, max_age_s)
    page.style = f"'sha256-{b64encode(sha256(style.encode()).digest()).decode()}'"
    return page


def text_page(text: str, suffix: str, modified: datetime | None = None, max_age_s: int = 60) -> Page:
    """A page of text; the suffix says what it is."""
    return Page(text.encode("utf-8", "backslashreplace"), _TYPES[suffix], modified, max_age_s)
