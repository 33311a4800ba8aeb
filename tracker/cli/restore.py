"""`policy-tracker restore BACKUP [DIR]`: a backup becomes a tracker's folder."""

from pathlib import Path

import click

from tracker.cli.app import Examples, formatted
from tracker.cli.output import put, put_json, waiting
from tracker.cli.shell import Shell
from tracker.model.instants import iso, words


@click.command(
    "restore",
    cls=Examples,
    short_help="Make a folder from a backup.",
    examples=(
        "policy-tracker restore /mnt/backup/tracker-2026-11-28 /var/lib/policy-tracker",
        "policy-tracker restore ./copy ./tried --json",
    ),
)
@click.argument("backup", metavar="BACKUP", type=click.Path(path_type=Path))
@click.argument("folder", required=False, type=click.Path(path_type=Path), metavar="[DIR]")
@formatted("text", "json")
@click.pass_obj
def command(shell: Shell, backup: Path, folder: Path | None, wanted: str) -> None:
    """Make DIR, a new or empty folder, what BACKUP holds; nothing is ever written over.

    Every file's hash is compared first, and DIR is complete or not there. DIR: what --home, POLICY_TRACKER_HOME and so on
    say. Messages that waited when the backup was made wait again, though they may have gone since: it says how many.
    """
    from tracker.backup.restoring import restore_backup

    if folder is not None:
        shell.home_flag = str(folder)
    home = shell.find_home()
    with waiting("comparing and copying"):
        restored = restore_backup(backup, home)
    manifest = restored.manifest
    if wanted == "json":
        put_json(
            {
                "schema": 1,
                "type": "restore",
                "home": str(home),
                "made": iso(manifest.made),
                "version": manifest.version,
                "files": len(manifest.files),
                "bytes": manifest.size,
                "waiting": restored.waiting,
            }
        )
        return
    put(
        f"{home} is what it was {words(manifest.made)}: {len(manifest.files):,} files, {manifest.size / 1e6:,.1f} MB"
    )
    if restored.waiting:
        put(
            f"  {restored.waiting:,} {'message waits' if restored.waiting == 1 else 'messages wait'} in its outbox, and may have gone since then.\n"
            f"  Before anything runs: policy-tracker --home {home} outbox list, and outbox cancel what has gone"
        )
    put(f"  see that all is well: policy-tracker --home {home} verify, then doctor")
