"""Data goes to standard output: JSON, or text that is complete; rich tables only where a person looks at a terminal."""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import click

_SHORT = 20  # characters


def put(text: str) -> None:
    """Text with exactly one line end."""
    click.echo(text.rstrip("\n"))


def put_error(what: str, advice: str = "") -> None:
    """What went wrong with a part, on standard error, and on a line of its own what to do next."""
    click.echo(f"policy-tracker: {what}", err=True)
    if advice:
        click.echo(f"  {advice}", err=True)


def put_json(value: object) -> None:
    """One JSON document."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def put_items(kind: str, items: Sequence[object], **more: object) -> None:
    """A list as one JSON document."""
    put_json({"schema": 1, "type": kind, **more, "items": list(items)})


def on_terminal() -> bool:
    """True where a person looks at standard output."""
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table: drawn and folded to the width of a terminal, else plain columns in full, two spaces between."""
    if on_terminal() and rows:
        _drawn(columns, rows)
        return
    lines = [columns, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(columns))]
    for line in lines:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _drawn(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.box import SIMPLE_HEAD  # 30 ms, spent only on a terminal
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=SIMPLE_HEAD, pad_edge=False)
    for number, column in enumerate(columns):
        widest = max(len(row[number]) for row in rows)
        # What is short stays whole, so that what is long gets the room that is left.
        drawn.add_column(column, overflow="fold", no_wrap=widest <= _SHORT and number < len(columns) - 1)
    for row in rows:
        drawn.add_row(*map(Text, row))
    Console(highlight=False).print(drawn)


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """A moving sign on standard error while something takes its time; nothing where nobody looks."""
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(what):
        yield
