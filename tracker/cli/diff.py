"""`policy-tracker diff`: what one version newly allows against another; of the archive, or of two files."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tracker.cli.app import Examples, formatted
from tracker.cli.exits import changed, worst
from tracker.cli.output import put, put_json_text
from tracker.cli.policies import POLICY, archived, default_of, version_of
from tracker.cli.shell import Shell
from tracker.errors import UnknownPolicyError
from tracker.model.history import Endpoint, Kind, Transition
from tracker.model.identity import split_partition

if TYPE_CHECKING:
    from tracker.collaborators import Tracker
    from tracker.model.change import Change
    from tracker.policy.document import Document

    Compared = tuple[Change, Document | None, Document | None]


@click.command(
    "diff",
    cls=Examples,
    short_help="What one version newly allows.",
    examples=(
        "policy-tracker diff AWSSupportServiceRolePolicy",
        "policy-tracker diff AWSSupportServiceRolePolicy v39 v41 --format markdown",
        "policy-tracker diff ReadOnlyAccess 2026-01-01 2026-07-01 --exit-code",
        "policy-tracker diff aws:ReadOnlyAccess aws-us-gov:ReadOnlyAccess",
        "policy-tracker diff ./before.json ./after.json --explain s3:GetObject",
    ),
)
@click.argument("arguments", nargs=-1, type=POLICY, required=True, metavar="POLICY [FROM] [TO] | FILE FILE")
@click.option(
    "--exit-code",
    is_flag=True,
    help="End with 1 where they differ in what they allow, with 5 where a tripwire is hit.",
)
@click.option(
    "--explain", metavar="ACTION", help="Which statements before and after make the verdict about one action."
)
@formatted("text", "markdown", "html", "json")
@click.pass_obj
def command(
    shell: Shell, arguments: tuple[str, ...], exit_code: bool, explain: str | None, wanted: str
) -> int:
    """What the later version allows that the earlier one did not, and the other way round.

    FROM and TO are versions (v39) or dates at which a version was the default. Without FROM: the newest change of the
    default. Without TO: the default now. Two arguments with a '/' or ending in .json are files with policy documents. Two
    ARNs, or names with their partition, are two policies: the same one in two partitions, each with a @VERSION or its default.
    """
    from tracker.cli.documents import is_file

    if len(arguments) == 2 and all(map(is_file, arguments)):
        tracker, compared = _files(shell, Path(arguments[0]), Path(arguments[1]))
    elif len(arguments) == 2 and _is_policy(arguments[1]):
        tracker, compared = _policies(shell, *arguments)
    elif len(arguments) <= 3:
        tracker, compared = _versions(shell, arguments[0], arguments[1:])
    else:
        raise click.UsageError(f"at most POLICY FROM TO, and {len(arguments)} arguments were given")
    change, before, after = compared
    if explain:
        from tracker.cli.explain import explained

        (put_json_text if wanted == "json" else put)(
            explained(before, after, explain, tracker.catalogue(), wanted)
        )
    else:
        renderer = tracker.renderer()
        renderings = {
            "text": renderer.text,
            "markdown": renderer.markdown,
            "html": renderer.html,
            "json": renderer.json,
        }
        (put_json_text if wanted == "json" else put)(renderings[wanted](change))
    return worst(changed([change])) if exit_code else 0


def _versions(shell: Shell, name: str, ends: tuple[str, ...]) -> "tuple[Tracker, Compared]":
    tracker = shell.tracker()
    (arn,) = archived(tracker, [name])
    reading = tracker.reading(arn)
    if ends:
        before = version_of(tracker, arn, ends[0])
        after = version_of(tracker, arn, ends[1]) if len(ends) > 1 else default_of(tracker, arn)
        change = reading.compared(before, after, tracker.clock())
        return tracker, (change, reading.document(before), reading.document(after))
    transitions = [one for one in reading.transitions() if one.before and one.after]
    if not transitions:
        raise UnknownPolicyError(
            f"no change of {arn.name} is on record",
            advice="name two versions: policy-tracker log says which there are",
        )
    newest = transitions[-1]
    one, other = (
        reading.document((end.version, end.create_date)) for end in (newest.before, newest.after) if end
    )
    return tracker, (reading.change(newest), one, other)


def _is_policy(text: str) -> bool:
    """An ARN, or a name with its partition; a version or a date is neither."""
    return text.startswith("arn:") or split_partition(text, "")[0] != ""


def _policies(shell: Shell, *texts: str) -> "tuple[Tracker, Compared]":
    """Two policies compared, or two versions of one."""
    tracker = shell.tracker()
    ends = []
    for text in texts:
        name, _, version = text.partition("@")
        (arn,) = archived(tracker, [name])
        identity = version_of(tracker, arn, version) if version else default_of(tracker, arn)
        ends.append((arn, Endpoint(*identity, observed_at=None), tracker.reading(arn).document(identity)))
    (one, before, older), (other, after, newer) = ends
    click.echo(f"{one} {before.version} -> {other} {after.version}", err=True)
    transition = Transition(
        policy=other, kind=Kind.COMPARED, before=before, after=after, observed_at=tracker.clock()
    )
    return tracker, (_assessed(tracker, transition, older, newer), older, newer)


def _assessed(tracker: "Tracker", transition: Transition, before: "Document", after: "Document") -> "Change":
    from tracker.changes.attention import assess
    from tracker.changes.compare import compare

    return assess(
        transition,
        compare(before, after, tracker.catalogue()),
        before=before,
        after=after,
        rules=tracker.rules(),
        catalogue=tracker.catalogue(),
        today=transition.observed_at.date(),
    )


def _files(shell: Shell, before: Path, after: Path) -> "tuple[Tracker, Compared]":
    """Two files compared. No archive is needed for it, and none is opened."""
    from tracker.bootstrap import open_tracker
    from tracker.cli.documents import policy_of, read_document

    tracker = open_tracker(shell.settings(needs_file=False))
    one, other = read_document(before), read_document(after)
    transition = Transition(
        policy=policy_of(one, other),
        kind=Kind.COMPARED,
        before=one.endpoint,
        after=other.endpoint,
        observed_at=tracker.clock(),
    )
    change = _assessed(tracker, transition, one.document, other.document)
    return tracker, (change, one.document, other.document)
