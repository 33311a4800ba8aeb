"""A row of the index that can't be read is damage of the disk's or a hand's, and is told so."""

from collections.abc import Iterator
from contextlib import contextmanager

from tracker.errors import SetupError

REINDEX = "run 'policy-tracker reindex', which makes the index again from the files alone"


@contextmanager
def readable() -> Iterator[None]:
    """Around what reads values out of rows of the index; also a decorator. Raises SetupError for a value that is none.

    SQLite keeps no checksums: a flipped bit comes back as a value.
    """
    try:
        yield
    except (ValueError, KeyError, TypeError) as error:
        raise SetupError(
            f"the index is damaged, a value in it can't be read: {error}",
            advice=REINDEX,
        ) from error
