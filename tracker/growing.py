"""The catalogue of AWS's actions was upgraded: what the wildcards of the policies that are watched reach now.

No version of any policy says so, and nothing of it is mixed into a version's change: it is a change of its own kind.
"""

import logging
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from tracker.collaborators import Tracker
from tracker.errors import InputError
from tracker.model.catalogue import Upgrade
from tracker.model.identity import PolicyArn
from tracker.publishing import NOBODY, Published, publish
from tracker.watched import watched

if TYPE_CHECKING:
    from tracker.model.change import Change

log = logging.getLogger(__name__)


def note_catalogue(
    tracker: Tracker, run: str, start: datetime, telling: Collection[str], asked: Collection[PolicyArn]
) -> Published:
    """Write down which catalogue a round uses; where it took another's place, publish what that gave and took.

    Who is mailed hears of the policies that the round is about, and of those that the settings watch; what became of
    others that were looked at before is recorded. The first catalogue that is written down is no news.
    """
    catalogues, catalogue = tracker.archive.catalogues, tracker.catalogue()
    used = catalogues.current()
    if used == catalogue.version:
        return Published()
    catalogues.keep(catalogue, start, run)
    if used is None:
        return Published()
    log.info("the catalogue is %s now; it was %s", catalogue.version, used, extra={"run": run})
    told, heard = Published(), {*asked, *watched(tracker)}
    for arn in tracker.archive.policies():
        try:
            if any(one.run == run for one in tracker.reading(arn).growths()):
                told += publish(tracker, arn, telling if arn in heard else NOBODY)
        except InputError as error:  # a damaged file: this policy waits for its repair, and no other
            log.warning("%s; %s", error, error.advice)
    return told


def growth_now(tracker: Tracker, start: datetime, policies: Collection[PolicyArn]) -> "tuple[Change, ...]":
    """What `note_catalogue` would tell of these policies, with nothing written."""
    last, catalogue = tracker.archive.catalogues.last(), tracker.catalogue()
    if last is None or last.version == catalogue.version:
        return ()
    upgrade = Upgrade.of(start, "dry-run", last, catalogue)
    readings = [replace(tracker.reading(arn), upgrades=(upgrade,)) for arn in sorted(policies)]
    return tuple(one.change(growth) for one in readings for growth in one.growths())
