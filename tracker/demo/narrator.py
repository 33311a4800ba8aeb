"""Prints the story: an instant in the margin, a sentence beside it, quotations under it; colour only where it is wanted."""

import os
import sys
import textwrap
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from shutil import get_terminal_size
from typing import Literal

Tone = Literal["plain", "loud", "quiet"]
MARGIN = 18  # columns of '2021-12-21 23:48  '
WIDEST = 110  # a line longer than this is hard to read
_CODES: dict[Tone, str] = {"plain": "", "loud": "\x1b[1;31m", "quiet": "\x1b[2m"}


class Narrator:
    """Tells the story through `put`, which prints one text; after each event it leaves time to read."""

    def __init__(
        self,
        put: Callable[[str], None],
        *,
        width: int | None = None,
        colour: bool | None = None,
        pause_s: float = 0.0,
    ) -> None:
        self._put = put
        self._pause_s = pause_s
        self._width = min(width or get_terminal_size((100, 24)).columns, WIDEST)
        self._colour = _colour_wanted() if colour is None else colour

    def tell(self, moment: datetime | None, sentence: str, tone: Tone = "plain") -> None:
        """One event: when, and what. Folded beside the margin."""
        margin = f"{moment:%Y-%m-%d %H:%M}" if moment else ""
        first, *rest = textwrap.wrap(sentence, max(self._width - MARGIN, 40), break_long_words=False)
        self._put(
            f"{self._paint(margin, 'quiet'):{MARGIN + self._invisible('quiet', margin)}}{self._paint(first, tone)}"
        )
        for line in rest:
            self._put(" " * MARGIN + self._paint(line, tone))
        time.sleep(self._pause_s)

    def quote(self, lines: Iterable[str]) -> None:
        """What something says in its own words, never folded."""
        for line in lines:
            self._put((" " * MARGIN + self._paint(f"| {line}", "quiet")).rstrip())

    def say(self, text: str = "") -> None:
        """A line of its own, as it is: a path can be copied from it."""
        self._put(text)

    def _paint(self, text: str, tone: Tone) -> str:
        return f"{_CODES[tone]}{text}\x1b[0m" if self._colour and _CODES[tone] and text else text

    def _invisible(self, tone: Tone, text: str) -> int:
        return len(self._paint(text, tone)) - len(text)


def _colour_wanted() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
