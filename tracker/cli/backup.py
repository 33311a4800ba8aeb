"""`policy-tracker backup DIR`: the whole tracker, copied while it works."""

from importlib.metadata import version
from pathlib import Path

import click

from tracker.cli.app import Examples, formatted
from tracker.cli.output import put, put_error, put_json, waiting
from tracker.cli.shell import Shell
from tracker.model.instants import iso


@click.command(
    "backup",
    cls=Examples,
    short_help="Copy the tracker's folder while it works.",
    examples=(
        "policy-tracker backup /mnt/backup/tracker-2026-11-28",
        "policy-tracker backup ./copy --json",
    ),
)
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@formatted("text", "json")
@click.pass_obj
def command(shell: Shell, folder: Path, wanted: str) -> None:
    """Copy settings, snapshots, changelogs, sign-offs and the database into DIR, which is new or empty.

    A daemon may run: rounds wait, mails go on being sent. Every file is read back and compared, the database is checked,
    and DIR is complete or not there. Not copied: .git, crashes, and secrets that lie elsewhere. It holds subscribers'
    addresses, and the keys of their links: its owner alone may read it.
    """
    from tracker.backup.making import make_backup

    settings = shell.settings()
    with waiting("copying"):
        made = make_backup(
            settings.home,
            folder,
            now=shell.tracker().clock(),
            version=version("policy-tracker"),
            lock_wait_s=settings.lock_wait_s,
        )
    for path in made.left_out:
        put_error(f"{path} is a link or no file, and was not copied")
    manifest = made.manifest
    if wanted == "json":
        put_json(
            {
                "schema": 1,
                "type": "backup",
                "folder": str(made.folder),
                "made": iso(manifest.made),
                "files": len(manifest.files),
                "bytes": manifest.size,
                "database_schema": manifest.database_schema,
                "left_out": list(made.left_out),
            }
        )
        return
    put(
        f"{len(manifest.files):,} files, {manifest.size / 1e6:,.1f} MB, in {made.folder}: whole, each read back and compared"
    )
    put(f"  to use it: policy-tracker restore {made.folder} NEW_DIR")
