"""Data goes to standard output: JSON, or text that is complete; rich tables only where a person looks at a terminal."""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import click

_SHORT = 20  # characters


def cleaned(text: str) -> str:
    """The text with its line ends and tabs kept and every other control, bidirectional or invisible character spelt out.

    What a document brings could otherwise move the cursor, or turn a line around, on the terminal of whoever reads it.
    """
    if text.isascii() and text.replace("\n", "").replace("\t", "").isprintable():
        return text
    from tracker.changelog.inert import inert  # a regular expression of its own, and seldom needed

    return "\n".join("\t".join(map(inert, line.split("\t"))) for line in text.split("\n"))


def put(text: str) -> None:
    """Text with exactly one line end, harmless to a terminal."""
    click.echo(cleaned(text.rstrip("\n")))


def put_error(what: str, advice: str = "") -> None:
    """What went wrong with a part, on standard error, and on a line of its own what to do next."""
    click.echo(f"policy-tracker: {cleaned(what)}", err=True)
    if advice:
        click.echo(f"  {cleaned(advice)}", err=True)


def put_json(value: object) -> None:
    """One JSON document; in ASCII where a person looks at it, so that no character of it moves their cursor."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=on_terminal()))


def put_json_text(text: str) -> None:
    """JSON that is written already, as `put_json` prints it: the same bytes, but for a terminal in ASCII."""
    if on_terminal():
        put_json(json.loads(text))
    else:
        click.echo(text.rstrip("\n"))


def put_items(kind: str, items: Sequence[object], **more: object) -> None:
    """A list as one JSON document."""
    put_json({"schema": 1, "type": kind, **more, "items": list(items)})


def on_terminal() -> bool:
    """True where a person looks at standard output."""
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table: drawn and folded to the width of a terminal, else plain columns in full, two spaces between."""
    rows = [[_cell(cell) for cell in row] for row in rows]
    if on_terminal() and rows:
        _drawn(columns, rows)
        return
    lines: list[Sequence[str]] = [columns, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(columns))]
    for line in lines:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _cell(text: str) -> str:
    """A cell stays in its line, and harmless."""
    if text.isascii() and text.isprintable():
        return text
    from tracker.changelog.inert import inert

    return inert(text)


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
