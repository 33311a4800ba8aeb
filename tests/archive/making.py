"""Values for the archive's tests: small snapshots, observations, looks."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from tracker.archive.archive import Archive
from tracker.archive.rebuild import Rebuilt
from tracker.model.history import Basis, Look, Observation, Snapshot
from tracker.model.identity import PolicyArn, VersionId
from tracker.model.recorded import ChangeRow
from tracker.policy.parse import canonical_text, digest
from tracker.store.database import Database
from tracker.store.steps import Step, no_step

SUPPORT = PolicyArn.parse("arn:aws:iam::aws:policy/aws-service-role/AWSSupportServiceRolePolicy")
READ_ONLY = PolicyArn.parse("arn:aws:iam::aws:policy/ReadOnlyAccess")
NOON = datetime(2022, 1, 1, 12, tzinfo=UTC)


def an_archive(home: Path, step: Step = no_step) -> Archive:
    """The archive of a folder, with the same hook at every step of files and database."""
    home.mkdir(parents=True, exist_ok=True)
    return Archive(home, Database(home / "tracker.db", busy_s=5, step=step), step=step)


def made(number: int) -> datetime:
    """When version `number` was made: one a day."""
    return datetime(2021, 1, 1, tzinfo=UTC) + timedelta(days=number)


def a_snapshot(
    number: int,
    *actions: str,
    arn: PolicyArn = SUPPORT,
    source: str = "iam",
    create_date: datetime | None = None,
) -> Snapshot:
    """Version `number` of a policy that allows `actions`."""
    statement = {"Effect": "Allow", "Action": list(actions or ("s3:GetObject",)), "Resource": "*"}
    document = canonical_text(
        {"Version": "2012-10-17", "Statement": [statement]}, what=f"{arn.name} v{number}"
    )
    return Snapshot(arn, VersionId(number), create_date or made(number), document, digest(document), source)


def seen(number: int | None, hours: float = 0, run: str = "r1", basis: Basis = "look") -> Observation:
    """Version `number` (None: removed) seen as the default so many hours after NOON."""
    return Observation(
        observed_at=NOON + timedelta(hours=hours),
        version=None if number is None else VersionId(number),
        create_date=None if number is None else made(number),
        source="iam",
        run=run,
        basis=basis,
    )


def a_look(run: str, hours: float, *policies: PolicyArn, failed: tuple[PolicyArn, ...] = ()) -> Look:
    """A round of two seconds, so many hours after NOON; at all policies where none is named."""
    start = NOON + timedelta(hours=hours)
    return Look(
        run,
        start,
        start + timedelta(seconds=2),
        tuple(sorted(map(str, policies))) or None,
        tuple(sorted(map(str, failed))),
    )


def a_change(observation: Observation, arn: PolicyArn = SUPPORT) -> ChangeRow:
    """The row of the change that an observation makes, as far as a file tells it."""
    return ChangeRow(
        id=f"{arn}-{observation.version}-{observation.observed_at:%Y%m%dT%H%M%S}",
        arn=arn,
        name=arn.name,
        kind="removed" if observation.version is None else "updated",
        observed_at=observation.observed_at,
        from_version=None,
        to_version=observation.version,
        severity="info",
        headline=f"{arn.name} is at {observation.version}.",
        summary={"actions_added": 1, "actions_removed": 0},
        run=observation.run,
    )


def record(
    archive: Archive, snapshot: Snapshot | None, observation: Observation, arn: PolicyArn = SUPPORT
) -> None:
    """What a round does with one policy, in its order."""
    if snapshot is not None:
        archive.keep(snapshot)
    archive.observe(arn, observation)
    with archive.database.transaction() as db:
        archive.index(db, arn)
        archive.record_change(db, a_change(observation, arn))


def from_files(archive: Archive) -> Rebuilt:
    """What `reindex` does, with changes that need no comparison."""

    def changes(arn: PolicyArn) -> list[ChangeRow]:
        return [a_change(one, arn) for one in archive.observations(arn)]

    return archive.rebuild(changes)
