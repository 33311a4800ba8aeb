"""The real history of the bundle in an archive of its own, indexed, with nothing compared: for questions to the index."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.archive.making import an_archive
from tests.support import history
from tests.support.memory import in_memory
from tracker.archive.archive import Archive
from tracker.archive.grants import Grants


@contextmanager
def indexed_history() -> Iterator[Archive]:
    """The 69 policies of the bundle, in memory where the machine has a folder there."""
    if reason := history.missing():
        history.need(reason)
    folder = Path(tempfile.mkdtemp(dir=in_memory()))
    try:
        made = an_archive(folder)
        made.keep_many(one for name in history.policies() for one in history.snapshots(name).values())
        for name in history.policies():
            made.observe_many(history.arn(name), history.observations(name))
        with made.database.transaction() as db:
            writer = Grants(db.conn)
            for name in history.policies():
                made.index(db, history.arn(name), writer=writer)
        yield made
    finally:
        shutil.rmtree(folder)
