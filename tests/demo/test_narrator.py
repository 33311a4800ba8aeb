"""The story is readable: an instant in the margin, sentences folded beside it, paths in one piece, colour only if wanted."""

from datetime import UTC, datetime

from tracker.demo.narrator import Narrator

NOON = datetime(2021, 12, 21, 12, 5, tzinfo=UTC)
LONG = "AWS Support can now read S3 objects and call 40 more actions in 9 services, and nobody had announced any of it."


def told(*, colour: bool = False, width: int = 70) -> tuple[list[str], Narrator]:
    lines: list[str] = []
    return lines, Narrator(lines.append, width=width, colour=colour)


def test_a_sentence_is_folded_beside_its_instant() -> None:
    lines, narrator = told()
    narrator.tell(NOON, LONG)
    assert lines[0].startswith("2021-12-21 12:05  AWS Support can now")
    assert all(line.startswith(" " * 18) and len(line) <= 70 for line in lines[1:])
    assert " ".join(line[18:] for line in lines) == LONG


def test_what_has_no_instant_stands_under_what_had_one() -> None:
    lines, narrator = told()
    narrator.tell(None, "It waits.")
    assert lines == [" " * 18 + "It waits."]


def test_quotations_and_paths_are_never_folded() -> None:
    lines, narrator = told(width=40)
    narrator.quote([LONG, ""])
    narrator.say("/tmp/" + "x" * 200)
    assert lines == [" " * 18 + "| " + LONG, " " * 18 + "|", "/tmp/" + "x" * 200]


def test_colour_changes_nothing_but_colour() -> None:
    plain, narrator = told()
    narrator.tell(NOON, LONG, "loud")
    coloured, narrator = told(colour=True)
    narrator.tell(NOON, LONG, "loud")
    assert "\x1b[1;31m" in coloured[0]
    for code in ("\x1b[1;31m", "\x1b[2m", "\x1b[0m"):
        coloured = [line.replace(code, "") for line in coloured]
    assert coloured == plain
