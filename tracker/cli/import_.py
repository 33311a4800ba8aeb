"""`policy-tracker import`: the past from elsewhere, on the first day."""

from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tracker.cli.app import Examples, formatted
from tracker.cli.exits import PARTIAL, USAGE
from tracker.cli.output import put, put_error, put_json
from tracker.cli.policies import POLICY, instant
from tracker.cli.progress import counting
from tracker.cli.shell import Shell
from tracker.errors import InputError
from tracker.model.identity import VersionId
from tracker.model.instants import iso, words

if TYPE_CHECKING:
    from datetime import datetime

    from tracker.model.imported import Imported, RefusedFile

_SHOWN = 20  # refused files that are listed; --json lists all


@click.command(
    "import",
    cls=Examples,
    short_help="Bring in history: a git archive, answers, another tracker.",
    examples=(
        "policy-tracker import /srv/aws-managed-policies",
        "policy-tracker import archive.bundle --policy AWSSupportServiceRolePolicy --since 2021-01-01",
        "policy-tracker import answers.tar.gz --json",
        "policy-tracker import ./ReadOnlyAccess.json --version v3 --date 2015-02-06",
        "policy-tracker import /var/lib/another-tracker",
    ),
)
@click.argument("path", type=click.Path(path_type=Path), metavar="PATH")
@click.option(
    "--policy", "policies", multiple=True, type=POLICY, metavar="NAME",
    help="Only these policies, by name or pattern (AWS*ServiceRolePolicy); may be given again.",
)  # fmt: skip
@click.option("--since", metavar="DATE", help="Only what was seen from then on, and what was in force then.")
@click.option("--branch", default="", help="The branch of a git repository. [default: what is checked out]")
@click.option("--version", metavar="VERSION", help="The version of bare documents whose names don't tell it.")
@click.option("--date", metavar="DATE", help="The date of bare documents whose names don't tell it.")
@formatted("text", "json")
@click.pass_obj
def command(
    shell: Shell,
    path: Path,
    policies: tuple[str, ...],
    since: str | None,
    branch: str,
    version: str | None,
    date: str | None,
    wanted: str,
) -> int:
    """Bring in history from elsewhere. Nobody is mailed about the past, and doing it again changes nothing.

    PATH is a git repository or a bundle with one file a policy, each an answer of `aws iam get-policy-version`; a folder
    or a tar of such answers, or of bare documents; or the folder of another policy-tracker. docs/history.md tells what
    an observation's date means, and which files are read.
    """
    from tracker.service import import_history
    from tracker.sources.history import Selection

    selection = Selection(
        wanted=lambda name: not policies or any(fnmatchcase(name, one) for one in policies),
        since=instant(since, "--since") if since else None,
        branch=branch,
        given=_given(version, date),
    )
    with counting("importing", "files") as progress:
        done = import_history(shell.tracker(), path, selection, progress=progress)
    if not done.policies:
        raise InputError(
            f"{path} holds no policy{' that was asked for' if policies else ''}",
            advice="wanted: one file a policy, named after it, as 'aws iam get-policy-version' prints it",
        )
    if wanted == "json":
        put_json(_record(done))
    else:
        put(_text(done))
    for failure in done.failed:
        put_error(f"{failure.policy.name}: {failure.error}", failure.advice)
    if not (done.versions or done.failed):
        return USAGE
    return PARTIAL if done.failed or done.conflicts else 0


def _given(version: str | None, date: str | None) -> "tuple[VersionId | None, datetime | None]":
    try:
        told = VersionId.parse(version) if version else None
    except ValueError as error:
        raise InputError(f"--version: {error}") from error
    return told, instant(date, "--date") if date else None


def _text(done: "Imported") -> str:
    """The report of an import."""
    seen = f", seen from {words(done.first)} to {words(done.last)}" if done.first and done.last else ""
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in done.transitions.items())
    lines = [
        f"read {done.what}: {done.files:,} states of {_count(done.policies, 'file')}{seen}",
        f"  policies      {done.policies:,}, {done.new_policies:,} of them new",
        f"  versions      {done.versions:,}, {done.new_versions:,} of them new",
        f"  observations  {done.observations:,}, {done.new_observations:,} of them new",
        f"  transitions   {sum(done.transitions.values()):,}{f': {kinds}' if kinds else ''}",
        f"  rollbacks     {done.rollbacks:,}",
        f"  gaps          {_count(done.gaps, 'version id')} that nobody saw",
    ]
    if done.stale:
        lines.append(
            f"  stale         {_count(done.stale, 'answer')} said not to be in force: kept, and no transition"
        )
    if done.ignored:
        lines.append(f"  left alone    {_count(done.ignored, 'file')} that can be no policy's")
    if done.refused:
        lines.append(f"  refused       {_count(len(done.refused), 'file')}, of which nothing was stored")
        lines += [f"    {_refused(one)}" for one in done.refused[:_SHOWN]]
        if len(done.refused) > _SHOWN:
            lines.append(f"    and {len(done.refused) - _SHOWN:,} more, which --json lists")
    if done.conflicts:
        lines.append(
            f"  conflicts     {_count(len(done.conflicts), 'version')} with two contents: both are kept"
        )
        lines += [f"    {one}" for one in done.conflicts[:_SHOWN]]
    if not done.changed:
        lines.append("nothing of it was new")
    return "\n".join(lines)


def _refused(one: "RefusedFile") -> str:
    when = f" ({words(one.seen_at)})" if one.seen_at else ""
    return f"{one.where}{when}: {one.reason}"


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _record(done: "Imported") -> dict[str, Any]:
    return {
        "schema": 1,
        "type": "import",
        "run": done.run,
        "source": done.what,
        "files": done.files,
        "ignored": done.ignored,
        "policies": done.policies,
        "versions": done.versions,
        "observations": done.observations,
        "first": iso(done.first) if done.first else None,
        "last": iso(done.last) if done.last else None,
        "new": {
            "policies": done.new_policies,
            "versions": done.new_versions,
            "observations": done.new_observations,
        },
        "transitions": dict(done.transitions),
        "rollbacks": done.rollbacks,
        "gaps": done.gaps,
        "stale": done.stale,
        "refused": [
            {
                "policy": one.policy,
                "where": one.where,
                "seen_at": iso(one.seen_at) if one.seen_at else None,
                "reason": one.reason,
            }
            for one in done.refused
        ],
        "conflicts": list(done.conflicts),
        "failed": [
            {"policy": str(one.policy), "error": one.error, "advice": one.advice} for one in done.failed
        ],
    }
