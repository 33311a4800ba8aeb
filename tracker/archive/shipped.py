"""The history that ships with policy-tracker, copied into a tracker's folder."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from tracker.archive import folder
from tracker.archive.archive import Archive
from tracker.archive.layout import arn_of_folder
from tracker.archive.writing import KeptMany
from tracker.errors import SetupError
from tracker.model.history import Snapshot

_PACKAGE = Path(__file__).resolve().parent.parent


def shipped_folder(package: Path = _PACKAGE) -> Path:
    """The read-only `snapshots/` of the installed wheel or of the checkout. Raises SetupError where neither is there."""
    for place in (package / "_shipped", package.parent / "snapshots"):
        if place.is_dir():
            return place
    raise SetupError(
        "the shipped history is missing from this installation",
        advice="install policy-tracker again, or make the folder with 'policy-tracker init --empty'",
    )


def copy_shipped(archive: Archive, source: Path | None = None) -> KeptMany:
    """Put the shipped snapshots and timelines into the archive; what it holds already is left as it is.

    The files are the same bytes. The index is not touched: `rebuild` or `index` comes after. Raises InputError for a damaged
    shipped file, SetupError where there is none.
    """
    root = shipped_folder() if source is None else source
    places = [
        place.under(root)
        for place in folder.places(root)
        if arn_of_folder(place.partition, place.name) is not None
    ]
    kept = archive.keep_many(
        folder.load(place, identity) for place in places for identity in folder.identities(place)
    )
    archive.keep_many(snapshot for place in places for snapshot in from_second_sources(place))
    for place in places:
        arn = folder.arn_in(place)
        if arn is not None:
            archive.observe_many(arn, folder.observations(place))
    return kept


def from_second_sources(place: Path) -> Iterator[Snapshot]:
    """The snapshots of a folder as second sources had them. Raises InputError for a damaged file."""
    for line in folder.sources(place):
        held = folder.load(place, line.identity)
        yield replace(held, sha256=line.sha256, source=line.source, arn=line.arn or held.arn)
