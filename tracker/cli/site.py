"""`policy-tracker site build`: the same pages, feeds and data as files, for any web server, bucket or CDN."""

from pathlib import Path

import click

from tracker.cli.app import Group, formatted
from tracker.cli.output import put, put_json
from tracker.cli.shell import Shell


@click.group(
    "site",
    cls=Group,
    short_help="The pages as files.",
    examples=(
        "policy-tracker site build ./public",
        "policy-tracker site build ./public --base-url https://example.org/iam/",
    ),
)
def command() -> None:
    """The pages, feeds and data as files: they need no server of ours."""


@command.command(
    "build",
    short_help="Write what changed.",
    examples=(
        "policy-tracker site build ./public",
        "policy-tracker site build ./public --base-url https://example.org/iam/",
    ),
)
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--base-url",
    default="",
    metavar="URL",
    help="Where the site will be read: feeds and the sitemap need it. [default: base_url of the settings]",
)
@formatted("text", "json")
@click.pass_obj
def build(shell: Shell, folder: Path, base_url: str, wanted: str) -> None:
    """Write the site into DIR: only files that changed, each whole; what is no longer part of it is removed if it is ours.

    Links are relative, so DIR may be served under any prefix.
    """
    from tracker.web.building import Builder

    tracker = shell.tracker()
    made = Builder(tracker, folder, base_url or tracker.link or "").build()
    if wanted == "json":
        put_json(
            {
                "schema": 1, "type": "site", "folder": str(folder), "files": len(made.files), "written": made.written,
                "same": made.same, "kept": made.kept, "removed": made.removed, "bytes_written": made.bytes,
            }
        )  # fmt: skip
        return
    put(f"{folder}: {len(made.files):,} files; {made.written:,} written, {made.removed:,} removed")
