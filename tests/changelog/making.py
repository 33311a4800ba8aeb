"""Changes for the tests of the renderings: from small documents, and from the real history where the bundle is there.

Catalogue and rules are fixed here, so that a golden file moves only when a rendering does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

from tests.support import history
from tracker.changes.attention import assess
from tracker.changes.compare import compare
from tracker.changes.growth import growth
from tracker.changes.history import transitions
from tracker.changes.period import period
from tracker.model.catalogue import ActionInfo
from tracker.model.change import Change, Difference, Period
from tracker.model.history import Basis, Endpoint, Kind, Look, Observation, Rollback, Snapshot, Transition
from tracker.model.identity import PolicyArn, VersionId
from tracker.model.rules import Accepted, Rules, WatchEntry
from tracker.policy.document import Document
from tracker.policy.parse import parse_document

SUPPORT = PolicyArn("aws", "AWSSupportServiceRolePolicy", "/aws-service-role/")
BILLING = PolicyArn("aws", "ExampleBillingReadOnly")
TODAY = date(2026, 11, 24)


class PlainCatalogue:
    """A catalogue that answers for every action by its name alone, and knows a few by heart for the wildcards."""

    version = "0.1.plain"
    _names: Mapping[str, str] = {
        "apigateway": "Amazon API Gateway", "athena": "Amazon Athena", "backup": "AWS Backup", "budgets": "AWS Budgets",
        "connect": "Amazon Connect", "ec2": "Amazon EC2", "iam": "AWS IAM", "kms": "AWS KMS", "s3": "Amazon S3",
        "sts": "AWS STS",
    }  # fmt: skip
    _known: Mapping[str, Sequence[str]] = {
        "athena": ("GetQueryResults", "ListQueryExecutions", "StartQueryExecution"),
        "budgets": ("DescribeBudget", "ModifyBudget", "ViewBudget"),
        "s3": ("DeleteBucket", "GetBucketAcl", "GetObject", "ListBucket", "PutBucketPolicy", "PutObject"),
        "sts": ("AssumeRole", "GetCallerIdentity"),
    }

    def services(self) -> tuple[str, ...]:
        """The services of which some actions are known by heart."""
        return tuple(sorted(self._known))

    def service_name(self, service: str) -> str:
        """The human name of a few services; the prefix of the others."""
        return self._names.get(service, service)

    def actions(self, service: str) -> tuple[str, ...]:
        """The actions known by heart."""
        return tuple(sorted(name.lower() for name in self._known.get(service, ())))

    def action(self, service: str, name: str) -> ActionInfo | None:
        """What an action's name says of it; None for one that begins with 'Odd'."""
        known = {one.lower(): one for one in self._known.get(service, ())}
        spelt = known.get(name.lower(), name)
        if not spelt or spelt.lower().startswith("odd"):
            return None
        levels = {"get": "Read", "describe": "Read", "view": "Read", "list": "List", "tag": "Tagging"}
        level = next((level for verb, level in levels.items() if spelt.lower().startswith(verb)), "Write")
        if "policy" in spelt.lower() and level == "Write":
            level = "Permissions management"
        return ActionInfo(service, spelt, level, f"Grants permission to use what the name says ({level})")


CATALOGUE = PlainCatalogue()
RULES = Rules(
    entries=(
        WatchEntry(
            "customer-data/s3-objects", "customer-data", ("s3:getobject",), "read S3 objects",
            "The content of the customer's files is in the answer.",
            "Sensitive IAM Actions, CC0 (https://github.com/primeharbor/sensitive_iam_actions)", "2024-10-29", "alarm",
        ),
        WatchEntry(
            "customer-data/query-results", "customer-data", ("athena:getqueryresults", "athena:startqueryexecution"),
            "query the data lake", "A query's result is the customer's data.", "AWS's own API description", "2026-10-27",
        ),
        WatchEntry(
            "exposure/bucket-policy", "exposure", ("s3:putbucketpolicy",), "make S3 buckets public",
            "A bucket's policy can open it to everybody.", "AWS's own API description", "2026-10-27",
        ),
    ),
    accepted=(Accepted("s3:putbucketpolicy", "reviewed in May", "security"),),
    reviewed="0.1.plain",
    reviewed_on="2026-11-24",
)  # fmt: skip


def instant(text: str) -> datetime:
    """'2026-05-04 12:30' in UTC."""
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=UTC)


def document(*statements: Mapping[str, Any], version: str = "2012-10-17") -> dict[str, Any]:
    """A policy document of these statements; each allows on every resource unless it says otherwise."""
    return {
        "Version": version,
        "Statement": [
            {
                "Effect": "Allow",
                **({} if {"NotResource", "Resource"} & set(one) else {"Resource": "*"}),
                **one,
            }
            for one in statements
        ],
    }


def endpoint(version: str, made: str, *, seen: str | None = "", basis: Basis = "look") -> Endpoint:
    """A version made at `made` and seen five hours later, or at `seen`; None: never seen as the default."""
    observed = None if seen is None else instant(seen) if seen else instant(made) + timedelta(hours=5)
    return Endpoint(VersionId.parse(version), instant(made), observed, basis)


def difference(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> Difference:
    """The difference between two documents over the plain catalogue."""
    old, new = (one and parse_document(one, what="a test's document") for one in (before, after))
    return compare(old or None, new or None, CATALOGUE)


def change(
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
    kind: Kind = Kind.UPDATED,
    *,
    policy: PolicyArn = SUPPORT,
    ends: tuple[Endpoint | None, Endpoint | None] | None = None,
    rollback: Rollback | None = None,
    rules: Rules = RULES,
    **more: Any,
) -> Change:
    """A change between two small documents, compared and assessed as the service does it."""
    old, new = (one and parse_document(one, what="a test's document") for one in (before, after))
    was = endpoint("v6", "2026-04-02 09:00") if before is not None else None
    now = endpoint("v7", "2026-05-04 12:00") if after is not None else None
    was, now = ends if ends else (was, now)
    seen = [end.observed_at for end in (now, was) if end and end.observed_at]
    observed = seen[0] if seen else instant("2026-11-24 12:00")
    transition = Transition(policy, kind, was, now, observed, rollback=rollback, **more)
    found = compare(old or None, new or None, CATALOGUE)
    return assess(
        transition,
        found,
        before=old or None,
        after=new or None,
        rules=rules,
        catalogue=CATALOGUE,
        today=TODAY,
    )


def by_hand(made: Change, **parts: Any) -> Change:
    """The change with parts of its difference replaced."""
    return replace(made, difference=replace(made.difference, **parts))


# The real history


@cache
def real(name: str) -> tuple[Change, ...]:
    """Every change of one policy of the bundle, oldest first. Skips where the bundle is missing."""
    found = history.snapshots(name)
    told = transitions(
        history.arn(name),
        history.observations(name),
        set(found),
        same=lambda one, other: (
            compare(_document(found[one]), _document(found[other]), CATALOGUE).equal_language
        ),
    )
    return tuple(_real(one, found) for one in told)


def real_last(name: str, *versions: str, watched: bool = False) -> Change:
    """The last step of a real policy, had these versions been seen in force a day apart: 'gone' is no version at all.

    Some kinds have not happened in six years of the bundle; their documents are real, when they were seen is made up.
    """
    found = history.snapshots(name)
    first = datetime(2024, 3, 1, 6, 17, tzinfo=UTC)
    identities = {str(version): (version, made) for version, made in sorted(found, key=lambda one: one[1])}
    seen = [
        Observation(
            observed_at=first + timedelta(days=day),
            version=None if version == "gone" else identities[version][0],
            create_date=None if version == "gone" else identities[version][1],
            source="iam",
            run=f"run-{day}",
            basis="look",
        )
        for day, version in enumerate(versions)
    ]
    *_, last = transitions(
        history.arn(name),
        seen,
        {one.identity for one in seen if one.identity},
        same=lambda one, other: (
            compare(_document(found[one]), _document(found[other]), CATALOGUE).equal_language
        ),
        watched_since=first - timedelta(days=30) if watched else None,
    )
    return _real(last, found)


def real_growth(name: str, version: str, old: PlainCatalogue) -> Change | None:
    """What a real version gained when a list that was made up for it took the place of an older one."""
    found = parse_document(history.document(name, version), what=name)
    made = next(made for one, made in history.snapshots(name) if str(one) == version)
    now = datetime(2024, 6, 1, 6, 17, tzinfo=UTC)
    return growth(
        history.arn(name),
        Endpoint(VersionId.parse(version), made, now - timedelta(days=60)),
        found,
        old,
        CATALOGUE,
        observed_at=now,
        rules=RULES,
        today=TODAY,
    )


def real_change(name: str, before: str, after: str) -> Change:
    """The one change of a policy of the bundle between two versions that followed each other as defaults."""
    return next(
        one
        for one in real(name)
        if [str(end and end.version) for end in (one.transition.before, one.transition.after)]
        == [before, after]
    )


def _real(transition: Transition, found: Mapping[tuple[VersionId, datetime], Snapshot]) -> Change:
    old, new = (
        _document(found[(end.version, end.create_date)]) if end else None
        for end in (transition.before, transition.after)
    )
    if transition.kind is Kind.REMOVED:
        new = old  # as reading.py has it: nobody knows that an action went
    return assess(
        transition,
        compare(old, new, CATALOGUE),
        before=old,
        after=new,
        rules=RULES,
        catalogue=CATALOGUE,
        today=TODAY,
    )


def _document(snapshot: Snapshot) -> Document:
    return parse_document(snapshot.document, what=f"{snapshot.arn.name} {snapshot.version}")


def real_period(name: str, since: datetime, until: datetime, looks: Sequence[Look] = ()) -> Period:
    """A period of one policy of the bundle, with the looks that a test made up."""
    found = history.snapshots(name)
    return period(
        history.arn(name),
        since,
        until,
        observations=history.observations(name),
        changes=real(name),
        document=lambda identity: parse_document(found[identity].document, what=f"{name} {identity[0]}"),
        looks=looks,
        rules=RULES,
        catalogue=CATALOGUE,
        today=TODAY,
        archived=set(found),
    )
