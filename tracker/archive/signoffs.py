"""`signoffs.jsonl`: who has read which change. Lines are added, chained like a timeline's, and indexed."""

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from tracker.archive import files
from tracker.archive.layout import SIGNOFFS
from tracker.archive.records import RecordError, read_signoff, signoff_line
from tracker.errors import InputError, SetupError
from tracker.model.identity import VersionId
from tracker.model.signoff import SignOff
from tracker.store.database import Database
from tracker.store.instants import sortable
from tracker.store.steps import Step, no_step


class Signoffs:
    """The sign-offs of one tracker. Whoever adds one holds the round's lock (lock.py)."""

    def __init__(self, home: Path, database: Database, *, step: Step = no_step) -> None:
        self.path = home / SIGNOFFS
        self._home = home
        self._database = database
        self._step = step

    def all(self) -> tuple[SignOff, ...]:
        """Every sign-off, oldest first. Raises InputError for a broken line."""
        found = []
        for number, raw in enumerate(files.read_lines(self.path)[0], start=1):
            try:
                found.append(read_signoff(raw))
            except RecordError as error:
                raise InputError(
                    f"{self.path}:{number} is no sign-off: {error}",
                    advice="run 'policy-tracker verify', which lists everything that is wrong",
                ) from error
        return tuple(found)

    def readable(self) -> tuple[SignOff, ...]:
        """Every sign-off that can be read, oldest first: what stands beside them is for `verify` to name."""
        try:
            lines, _ = files.read_lines(self.path)
        except (InputError, SetupError):
            return ()
        found = []
        for raw in lines:
            with suppress(RecordError):
                found.append(read_signoff(raw))
        return tuple(found)

    def mark(self) -> tuple[int, int]:
        """Another value where the file is another: its length and when it was written."""
        try:
            about = self.path.stat()
        except OSError:
            return (0, 0)
        return (about.st_size, about.st_mtime_ns)

    def add(self, signed: Iterable[SignOff]) -> None:
        """Add lines, on the disk when this returns, and index them."""
        lines = list(map(signoff_line, signed))
        if lines:
            files.append(self.path, lines, step=self._step, name="signoff", chain=True)
            self.index()

    def index(self) -> None:
        """Make the rows of the index again where the file is not what they were made of: one question where it is."""
        held = None
        if self._database.exists:
            with self._database.reading() as db:
                held = db.execute("SELECT bytes FROM signoff_files").fetchone()
        if (held[0] if held else 0) == self.mark()[0]:
            return
        made = rows(self._home)
        with self._database.transaction() as db:
            for table in ("signoffs", "signoff_files"):
                db.table(table).delete_where()
            for table in ("signoff_files", "signoffs"):
                db.table(table).insert_all(made[table])


def rows(home: Path) -> dict[str, list[dict[str, object]]]:
    """What the index says of the file, by table. A broken line has no row: verify names it."""
    lines, _ = files.read_lines(home / SIGNOFFS)
    if not lines:
        return {"signoff_files": [], "signoffs": []}
    return {
        "signoff_files": [{"file": SIGNOFFS, "bytes": sum(map(len, lines)) + len(lines)}],
        "signoffs": list(_rows(lines)),
    }


def _rows(lines: Iterable[bytes]) -> Iterator[dict[str, object]]:
    for number, raw in enumerate(lines, start=1):
        try:
            one = read_signoff(raw)
        except RecordError:
            continue
        yield {
            "file": SIGNOFFS,
            "line": number,
            "signed_at": sortable(one.signed_at),
            "change": one.change,
            "arn": str(one.arn),
            "from_version": _text(one.from_version),
            "to_version": _text(one.to_version),
            "sha256": one.sha256,
            "signer": one.by,
            "ticket": one.ticket,
            "note": one.note,
            "items": json.dumps(one.items),
            "out_of": one.out_of,
        }


def _text(version: VersionId | None) -> str | None:
    return None if version is None else str(version)
