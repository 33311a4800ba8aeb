"""What AWS published, for the embedded AWS to publish again: the shipped snapshots, and v20, which no data set still has."""

import json
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from tracker.archive import folder
from tracker.archive.shipped import shipped_folder
from tracker.model.history import Snapshot
from tracker.model.identity import PolicyArn, VersionId
from tracker.model.instants import utc
from tracker.policy.parse import canonical_text, digest

POLICY = PolicyArn("aws", "AWSSupportServiceRolePolicy", "/aws-service-role/")
FACTS = Path(__file__).with_name("v20.toml")
KEPT_BY_AWS = (
    5  # versions of a policy: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
)


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """What is known of v20: what it changed, and when it came and went."""

    version: VersionId
    base: VersionId  # the version that it changed, and that came back
    create_date: datetime  # UTC
    seen: datetime  # UTC: first seen as the default
    gone: datetime  # UTC: the base first seen as the default again
    added: tuple[str, ...]  # action names
    removed: tuple[str, ...]
    source: str


def withdrawn() -> Withdrawn:
    """The facts in v20.toml."""
    facts = tomllib.loads(FACTS.read_text(encoding="utf-8"))
    return Withdrawn(
        version=VersionId.parse(facts["version"]),
        base=VersionId.parse(facts["base"]),
        create_date=utc(facts["create_date"]),
        seen=utc(facts["seen"]),
        gone=utc(facts["withdrawn"]),
        added=tuple(facts["added"]),
        removed=tuple(facts["removed"]),
        source=facts["source"],
    )


def published() -> dict[VersionId, Snapshot]:
    """Every version that the demo can publish, by its id: the shipped ones and v20."""
    place = shipped_folder() / POLICY.partition / POLICY.name
    shipped = [folder.load(place, identity) for identity in folder.identities(place)]
    versions = {snapshot.version: snapshot for snapshot in shipped}
    facts = withdrawn()
    versions[facts.version] = rebuilt(versions[facts.base], facts)
    return dict(sorted(versions.items()))


def rebuilt(base: Snapshot, facts: Withdrawn) -> Snapshot:
    """v20 as v19 with the facts applied: everything that changed stood in the statement on every resource.

    Raises ValueError where the facts do not fit the base.
    """
    document = json.loads(base.document)
    (bulk,) = [statement for statement in document["Statement"] if statement["Resource"] in ("*", ["*"])]
    actions = set(bulk["Action"])
    if not actions.issuperset(facts.removed) or not actions.isdisjoint(facts.added):
        raise ValueError(f"{FACTS.name} does not fit {base.arn.name} {base.version}")
    bulk["Action"] = sorted(actions.difference(facts.removed).union(facts.added))
    text = canonical_text(document, what=f"{base.arn.name} {facts.version}")
    return replace(
        base,
        version=facts.version,
        create_date=facts.create_date,
        document=text,
        sha256=digest(text),
        source=f"{base.version} with {FACTS.name}",
    )


def held_by_aws(versions: Iterable[Snapshot], newest: VersionId) -> tuple[Snapshot, ...]:
    """Of these versions, those that AWS would still hold when `newest` is the newest: the last five ids."""
    return tuple(
        each for each in versions if newest.number - KEPT_BY_AWS < each.version.number <= newest.number
    )
