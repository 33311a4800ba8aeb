"""`policy-tracker gate`: ends with 1 where something forbidden is granted, or newly granted."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from tracker.cli.app import Examples, formatted
from tracker.cli.exits import FOUND, worst
from tracker.cli.output import put, put_error, put_json
from tracker.cli.policies import POLICY, archived, default_of, read_text, version_of
from tracker.cli.shell import Shell
from tracker.errors import InputError, SetupError, TrackerError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tracker.changelog.gate import Judged
    from tracker.model.asked import Question
    from tracker.model.catalogue import Catalogue
    from tracker.policy.document import Document


@click.command(
    "gate",
    cls=Examples,
    short_help="End with 1 where something forbidden is granted.",
    examples=(
        "policy-tracker gate ./policies/admin.json --forbid iam:PassRole --forbid 'kms:*'",
        "policy-tracker gate ./policies/*.json --forbid 's3:Get*' --against ../base/policies --sarif gate.sarif",
        "policy-tracker gate AWSSupportServiceRolePolicy --forbid s3:GetObject --against 2026-01-01",
    ),
)
@click.argument("subjects", nargs=-1, type=POLICY, metavar="[POLICY|FILE]...")
@click.option(
    "--forbid",
    "forbidden",
    multiple=True,
    required=True,
    metavar="PATTERN",
    help="An action or a pattern of actions that may not be allowed; may be given again.",
)
@click.option(
    "--against",
    metavar="VERSION|DATE|PATH",
    help="Only what is newly granted: against a version or a date of the policy; for files against a file, or a folder that "
    "holds them under the same path or name. What is not in that folder is new.",
)
@click.option(
    "--sarif",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the findings to a file as SARIF 2.1.0 too, for GitHub's code scanning.",
)
@formatted("text", "json")
@click.pass_obj
def command(
    shell: Shell,
    subjects: tuple[str, ...],
    forbidden: tuple[str, ...],
    against: str | None,
    sarif: Path | None,
    wanted: str,
) -> int:
    """Ends with 1 where a policy grants something forbidden, with 0 where none does, for pipelines.

    What is granted is decided as everywhere: a Deny is subtracted, wildcards reach what the catalogue knows, and a wildcard
    that covers a forbidden action which no catalogue knows grants it too. A POLICY is judged by its default, or with @VERSION
    by another; without any, those in the settings. A FILE (with a '/' or ending in .json) needs no tracker's folder. What
    can't be read ends with 2, after all the others were judged.
    """
    from tracker.changelog.gate import record, text
    from tracker.policy.questions import question

    asked = tuple({one.pattern: one for one in map(question, reversed(forbidden))}.values())
    judge = _Judge(shell, asked, against or "", subjects)
    codes, judged, failed = [], [], []
    for subject in judge.subjects(subjects):
        try:
            judged.append(judge.judged(subject))
        except TrackerError as error:
            put_error(str(error), error.advice)
            failed.append((subject, str(error)))
            codes.append(error.exit_code)
    patterns = [one.asked for one in asked]
    unknown = judge.unknown(judged)
    if wanted == "json":
        put_json(record(judged, patterns, against or "", judge.catalogue.version, unknown, failed))
    elif judged:
        put(text(judged, len(patterns), against or ""))
    for one in unknown:
        put_error(
            f"--forbid {one}: no action of the catalogue is meant by it, and no document names one",
            "check the spelling: it forbids only what AWS may yet invent",
        )
    if sarif is not None:
        try:
            _write(sarif, judged, patterns, failed)
        except InputError as error:  # what was found counts all the same
            put_error(str(error), error.advice)
            codes.append(error.exit_code)
    return worst([*codes, *(FOUND for one in judged if one.breaches)])


def _write(
    path: Path, judged: "Sequence[Judged]", patterns: list[str], failed: list[tuple[str, str]]
) -> None:
    from importlib.metadata import version

    from tracker.changelog.sarif import sarif

    made = sarif(judged, patterns, failed, version("policy-tracker"))
    try:
        path.write_text(json.dumps(made, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise InputError(
            f"{path} can't be written: {error.strerror}", advice="name another file: --sarif FILE"
        ) from error


class _Found(NamedTuple):
    """A document that was found, and where."""

    name: str
    path: Path
    text: str
    document: "Document"


class _Judge:
    """Finds documents and judges them."""

    def __init__(
        self, shell: Shell, asked: "tuple[Question, ...]", against: str, subjects: tuple[str, ...]
    ) -> None:
        from tracker.bootstrap import open_tracker
        from tracker.cli.documents import is_file

        self._shell = shell
        self._asked = asked
        self._against = against
        needs_folder = not subjects or not all(is_file(one) or Path(one).is_dir() for one in subjects)
        self.catalogue: Catalogue = open_tracker(shell.settings(needs_file=needs_folder)).catalogue()
        self._named: set[str] = set()

    def subjects(self, given: tuple[str, ...]) -> tuple[str, ...]:
        """What is to be judged: what was given, else the policies of the settings."""
        return tuple(dict.fromkeys(given)) or tuple(map(str, archived(self._shell.tracker(), ())))

    def judged(self, subject: str) -> "Judged":
        """One policy or file, judged. Raises InputError for what can't be read."""
        from tracker.changelog.gate import Judged
        from tracker.changes.gate import breaches
        from tracker.cli.documents import is_file
        from tracker.policy.positions import statement_spans

        try:
            found = self._file(Path(subject)) if is_file(subject) else self._archived(subject)
        except (InputError, SetupError) as error:
            if not Path(subject).is_dir():
                raise
            raise InputError(
                f"{subject} is a folder, and gate judges files",
                advice=f"name those in it: {Path(subject) / '*.json'}",
            ) from error
        before = None
        if self._against:
            before = self._file_before(subject) if is_file(self._against) else self._before(subject)
        self._named |= {one.lower() for each in found.document.statements for one in each.listed}
        return Judged(
            name=found.name,
            file=str(found.path),
            uri=_uri(found.path),
            spans=statement_spans(found.text),
            breaches=breaches(
                self._asked, found.document, self.catalogue, before, against=bool(self._against)
            ),
        )

    def unknown(self, judged: "Sequence[Judged]") -> list[str]:
        """Patterns that mean nothing that exists or is named: they may be misspelt."""
        from tracker.policy.expanding import Expander
        from tracker.policy.patterns import is_wild

        expander = Expander(self.catalogue, {one for one in self._named if not is_wild(one) and ":" in one})
        hit = {breach.forbidden for one in judged for breach in one.breaches if breach.actions}
        return sorted(
            one.asked
            for one in self._asked
            if one.asked not in hit
            and not (one.pattern in self._named if one.single else expander.reach(one.pattern))
            and not (one.single and self._in_catalogue(one.pattern))
        )

    def _in_catalogue(self, action: str) -> bool:
        service, _, name = action.partition(":")
        return self.catalogue.action(service, name) is not None

    def _file(self, path: Path) -> _Found:
        from tracker.cli.documents import read_document

        return _Found(str(path), path, read_text(path), read_document(path).document)

    def _archived(self, subject: str) -> _Found:
        from tracker.archive.layout import file_name, policy_folder

        tracker = self._shell.tracker()
        name, _, version = subject.partition("@")
        (arn,) = archived(tracker, [name])
        identity = version_of(tracker, arn, version) if version else default_of(tracker, arn)
        document = tracker.reading(arn).document(identity)
        path = policy_folder(tracker.home / "snapshots", arn) / file_name(identity)
        return _Found(f"{arn.name} {identity[0]}", path, read_text(path), document)

    def _before(self, subject: str) -> "Document":
        """The policy's own document at a version or a date."""
        from tracker.cli.documents import is_file

        if is_file(subject):
            raise InputError(
                f"--against {self._against}: {subject} is a file, and has no versions here",
                advice="name a file or a folder (with a '/' in it): --against ./before.json",
            )
        tracker = self._shell.tracker()
        (arn,) = archived(tracker, [subject.partition("@")[0]])
        return tracker.reading(arn).document(version_of(tracker, arn, self._against))

    def _file_before(self, subject: str) -> "Document | None":
        """The document of the file that --against names, or that stands in the folder it names; None: not there."""
        from tracker.cli.documents import is_file

        against = Path(self._against)
        if not against.is_dir():
            return self._file(against).document
        if not is_file(subject):
            raise InputError(
                f"--against {against} is a folder, and {subject} is a policy of the archive",
                advice="name a version or a date: --against 2026-01-01",
            )
        return next((self._file(one).document for one in _within(against, Path(subject))), None)


def _within(folder: Path, path: Path) -> "Iterator[Path]":
    """The same file in another folder: under the same path, or under its name."""
    relative = _relative(path)
    for one in (folder / relative if relative else None, folder / path.name):
        if one is not None and one.is_file():
            yield one


def _relative(path: Path) -> Path | None:
    """The path from the current folder, links not followed; None where it leads out of it."""
    import os

    found = Path(os.path.normpath(Path.cwd() / path))
    return found.relative_to(Path.cwd()) if found.is_relative_to(Path.cwd()) else None


def _uri(path: Path) -> str:
    """Relative where the file is in the current folder, as GitHub wants it; else absolute."""
    from urllib.parse import quote

    relative = _relative(path)
    return quote(relative.as_posix()) if relative else path.resolve().as_uri()
