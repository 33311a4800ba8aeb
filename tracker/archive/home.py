"""A tracker's folder on the disk: made once, readable by its owner alone."""

from pathlib import Path

from tracker.errors import SetupError

_IGNORED = """\
# What is no history: the database (an index of the files, and the subscribers), locks, files being written.
tracker.db*
tracker.lock
*.tmp
"""


def make_home(home: Path) -> None:
    """Make the folder with `snapshots/`, `changelogs/` and a .gitignore; what is there is left as it is.

    A new folder has mode 0700: subscribers' addresses are in its database. Raises SetupError where the disk refuses.
    """
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in ("snapshots", "changelogs"):
            (home / name).mkdir(exist_ok=True)
        ignore = home / ".gitignore"
        if not ignore.exists():
            ignore.write_text(_IGNORED)
    except OSError as error:
        raise SetupError(
            f"can't make the tracker's folder {home}: {error.strerror or error}",
            advice="name another folder: 'policy-tracker init DIR'",
        ) from error
