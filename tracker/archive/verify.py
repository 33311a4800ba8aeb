"""Every hash, name, date and line of the archive, looked at; what is wrong, where, and what to do about it."""

from collections.abc import Iterator
from pathlib import Path

from tracker.archive import folder
from tracker.archive.folder import Place
from tracker.archive.layout import arn_of_folder
from tracker.errors import InputError
from tracker.model.recorded import Finding
from tracker.store.database import Database


def verify(home: Path, database: Database) -> tuple[Finding, ...]:
    """Everything that is wrong, sorted."""
    root = home / "snapshots"
    found: list[Finding] = []
    for place in folder.places(root):
        if arn_of_folder(place.partition, place.name) is not None:
            found += _policy(home, root, place)
    return tuple(sorted(found))


def _policy(home: Path, root: Path, place: Place) -> Iterator[Finding]:
    path = place.under(root)
    for identity in folder.identities(path):
        try:
            folder.load(path, identity)
        except InputError as error:
            yield Finding(str(path.relative_to(home)), str(error), error.advice)
