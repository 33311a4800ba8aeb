"""Which round the present work belongs to, so that every line of the log can say it."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

RUN: ContextVar[str] = ContextVar("run", default="")  # the id of a row in `runs`; empty outside a round


@contextmanager
def one_piece() -> Iterator[None]:
    """A piece of work, usable as a decorator: the round that begins inside is named until the piece ends, its mails included."""
    before = RUN.set(RUN.get())
    try:
        yield
    finally:
        RUN.reset(before)
