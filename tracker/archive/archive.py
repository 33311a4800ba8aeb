"""The archive of one tracker's folder: what service, shells and pages ask, and what a round writes.

A round writes in this order, so that it can be killed anywhere: start_run, keep, observe, one transaction with index and
record_change, record_look, finish_run. Whoever writes holds the round's lock (lock.py). Readers need none.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tracker.archive import files, folder, index
from tracker.archive.alike import advice_for
from tracker.archive.catalogues import Catalogues
from tracker.archive.indexed import Indexed
from tracker.archive.layout import (
    LOOKS,
    TIMELINE,
    Identity,
    arn_of_folder,
    policy_folder,
    policy_key,
)
from tracker.archive.records import look_line, observation_line
from tracker.archive.runs import RunKind, Runs
from tracker.archive.writing import Kept, KeptMany, Writer
from tracker.errors import InputError, UnknownPolicyError
from tracker.model.asking import Known
from tracker.model.history import Look, Observation, Snapshot
from tracker.model.identity import PolicyArn, VersionId, is_policy_name, role_arn, split_partition
from tracker.model.instants import iso
from tracker.model.recorded import ChangeRow, Finding, RunRow
from tracker.store.database import Database
from tracker.store.steps import Step, no_step

if TYPE_CHECKING:
    import sqlite3

    import sqlite_utils

    from tracker.archive.bringing import Bringer, Standing
    from tracker.archive.grants import Documents, Grants
    from tracker.archive.rebuild import Rebuilt
    from tracker.archive.seal import Seal
    from tracker.archive.verify import Verified
    from tracker.model.history import Basis


class Archive:
    """Everything that is known, in one folder. `home` is the tracker's folder; `step` is for tests of crashes."""

    def __init__(self, home: Path, database: Database, *, step: Step = no_step) -> None:
        self.home = home
        self.root = home / "snapshots"
        self.database = database
        self._step = step
        self._runs = Runs(database)
        self._indexed = Indexed(self.root, database)
        self.catalogues = Catalogues(self.root, step)  # which catalogue was used when

    # -- which policies ------------------------------------------------------------------------------------------

    def policies(self) -> tuple[PolicyArn, ...]:
        """Every policy with at least one snapshot, sorted."""
        indexed = self._indexed.arns()
        found = []
        for place in folder.places(self.root):
            if arn_of_folder(place.partition, place.name) is None:
                continue
            arn = indexed.get(f"{place.partition}/{place.name}") or folder.arn_in(place.under(self.root))
            if arn is not None:
                found.append(arn)
        return tuple(sorted(found))

    def count(self) -> int:
        """How many policies the index has, without reading which."""
        return self._indexed.count()

    def count_versions(self) -> int:
        """How many versions the index has."""
        return self._indexed.count_versions()

    def resolve(self, name_or_arn: str, partition: str = "aws") -> PolicyArn:
        """The archived policy or role of a name, a handle or an ARN. Raises UnknownPolicyError, which names those spelt alike."""
        asked = self._asked(name_or_arn, partition)
        arn = self._found(asked)
        if arn is None:
            raise UnknownPolicyError(
                f"the archive has no policy {asked.name} (partition {asked.partition})",
                advice=advice_for(asked, self.policies()),
            )
        return arn

    def find(self, name_or_arn: str, partition: str = "aws") -> PolicyArn | None:
        """The archived policy of a name or an ARN, or None: whoever needs no advice is spared the search for names spelt alike."""
        try:
            return self._found(self._asked(name_or_arn, partition))
        except UnknownPolicyError:
            return None

    # -- what a look needs and writes ----------------------------------------------------------------------------

    def known(self, arn: PolicyArn) -> Known:
        """What a source must not ask again. Reads names of files and the timeline, no document."""
        place = policy_folder(self.root, arn)
        archived = folder.identities(place)
        seen = folder.in_time(folder.observations(place))
        return Known(
            archived=frozenset(archived),
            default=seen[-1].identity if seen else None,
            seen=bool(seen),
            newest=archived[-1][1] if archived else None,
            lost=any(one.identity is not None and one.identity not in archived for one in seen),
        )

    def keep(self, snapshot: Snapshot) -> Kept:
        """Put a snapshot on the disk: 'new'; 'same' where it is there already; 'conflict' where another document is, beside which
        this one is kept. Raises DocumentError for a snapshot that is not what its sha256 says, SetupError for a full disk."""
        return Writer(self.root, self._step).keep(snapshot)

    def keep_many(self, snapshots: Iterable[Snapshot]) -> KeptMany:
        """Put many on the disk with one pass of syncing; cut off anywhere, the same call again completes it."""
        return Writer(self.root, self._step).keep_many(snapshots)

    def observe(self, arn: PolicyArn, observation: Observation) -> None:
        """Add a line to a policy's timeline, on the disk when this returns. See `observe_many`."""
        self.observe_many(arn, [observation])

    def observe_many(self, arn: PolicyArn, observations: Sequence[Observation]) -> int:
        """Add lines to a policy's timeline; how many were new. A line that is there already (whatever its run) is not added.

        Raises InputError for a version that is not archived: the snapshot comes first.
        """
        place = policy_folder(self.root, arn)
        archived = set(folder.identities(place))
        held = {_without_run(one) for one in folder.observations(place)}
        lines = []
        for observation in observations:
            if not archived or (observation.identity is not None and observation.identity not in archived):
                raise InputError(
                    f"{arn.name}: {observation.version or 'no version'} can't be observed before it is archived",
                    advice="keep the snapshot first",
                )
            if _without_run(observation) not in held:
                held.add(_without_run(observation))
                identity = observation.identity
                lines.append(
                    observation_line(observation, folder.sha256_of(place, identity) if identity else None)
                )
        if lines:
            files.append(place / TIMELINE, lines, step=self._step, name="timeline", chain=True)
        return len(lines)

    def record_look(self, look: Look, partition: str | None = None) -> None:
        """Add a round's line to the looks of each partition it asked; `partition` is needed for a look at all policies."""
        for one, part in _by_partition(look, partition):
            files.make_folders(self.root / one, self.home)
            files.append(self.root / one / LOOKS, [look_line(part)], step=self._step, name="look", chain=True)
            with self.database.writing() as db:
                index.index_looks(db, self.root, one)
        self._indexed.forget_looks()

    def standings(self, arns: Sequence[PolicyArn]) -> "list[Standing]":
        """What the archive has of each policy, for history that is brought in beside it."""
        from tracker.archive import bringing

        with self.database.reading() as db:
            looked = {row[0] for row in db.execute("SELECT partition FROM looks GROUP BY partition")}
            return [
                bringing.standing(self.root, db, arn, self.looks(arn) if arn.partition in looked else ())
                for arn in arns
            ]

    def bringer(self) -> "Bringer":
        """Writes what is brought in of many policies, compared already, batch by batch."""
        from tracker.archive.bringing import Bringer

        return Bringer(self.root, self.database, self._step)

    # -- what was seen -------------------------------------------------------------------------------------------

    def identities(self, arn: PolicyArn) -> tuple[Identity, ...]:
        """Every archived version, oldest first, without reading a document."""
        return tuple(folder.identities(policy_folder(self.root, arn)))

    def snapshots(self, arn: PolicyArn) -> tuple[Snapshot, ...]:
        """Every archived version with its document, oldest first. Raises InputError for a damaged file."""
        place = policy_folder(self.root, arn)
        return tuple(folder.load(place, identity) for identity in folder.identities(place))

    def snapshot(self, arn: PolicyArn, version: VersionId, create_date: datetime | None = None) -> Snapshot:
        """One version; of several under one id the newest. Raises UnknownPolicyError, InputError for a damaged file."""
        place = policy_folder(self.root, arn)
        known = folder.identities(place)
        wanted = [one for one in known if one[0] == version and create_date in (None, one[1])]
        if not wanted:
            dated = f" of {iso(create_date)}" if create_date else ""
            have = ", ".join(str(one[0]) for one in known) or "none"
            raise UnknownPolicyError(
                f"the archive has no {version}{dated} of {arn.name}", advice=f"it has these versions: {have}"
            )
        return folder.load(place, wanted[-1])

    def observations(self, arn: PolicyArn) -> tuple[Observation, ...]:
        """When which version was the default, oldest first."""
        return folder.in_time(folder.observations(policy_folder(self.root, arn)))

    def at(self, arn: PolicyArn, moment: datetime) -> Observation | None:
        """The last observation at or before a moment; None where nothing was known yet."""
        before = [one for one in self.observations(arn) if one.observed_at <= moment]
        return before[-1] if before else None

    # -- the index and the state ---------------------------------------------------------------------------------

    def index(
        self,
        db: "sqlite_utils.Database",
        arn: PolicyArn,
        documents: "Documents | None" = None,
        writer: "Grants | None" = None,
    ) -> None:
        """Make a policy's rows from its files, inside the caller's transaction.

        `documents` answers with a version's parsed document where the caller has it; one `writer` of grants may serve
        many policies of one transaction.
        """
        index.index_policy(db, self.root, arn, documents, writer)

    def record_change(self, db: "sqlite_utils.Database", row: ChangeRow) -> None:
        """Record a change, inside the caller's transaction; once, however often it is recorded."""
        db.table("changes").insert(index.change_row(row), replace=True)

    def forget_changes(self, db: "sqlite_utils.Database", ids: Iterable[str]) -> None:
        """Take back recorded changes, inside the caller's transaction."""
        db.conn.executemany("DELETE FROM changes WHERE id = ?", [(one,) for one in ids])

    def start_run(self, run: str, kind: RunKind, now: datetime) -> None:
        """Commit that a round is begun."""
        self._runs.start(run, kind, now)

    def finish_run(
        self, run: str, now: datetime, outcome: str, connection: "sqlite3.Connection | None" = None
    ) -> None:
        """Say that a round ended, and how; in the caller's transaction where one is handed over."""
        self._runs.finish(run, now, outcome, connection)

    def open_runs(self) -> tuple[RunRow, ...]:
        """Rounds that were begun and have not ended, oldest first."""
        return self._runs.open()

    def report_once(
        self,
        policy: str,
        period: str,
        since: datetime,
        until: datetime,
        made: datetime,
        db: "sqlite_utils.Database | None" = None,
    ) -> bool:
        """Whether the report of a policy and period is the caller's to make: True for exactly one, ever."""
        return self._runs.report_once(policy, period, since, until, made, db)

    def reported_until(self, policy: str, until: datetime | None = None) -> datetime | None:
        """Where the last report of a policy ended, of those that ended no later than `until`; None where none was made."""
        return self._runs.reported_until(policy, until)

    def reported(self, policy: str, period: str) -> bool:
        """Whether the report of a policy and period was made already."""
        return self._runs.reported(policy, period)

    def changes(
        self, arn: PolicyArn | None = None, since: datetime | None = None, until: datetime | None = None
    ) -> tuple[ChangeRow, ...]:
        """Recorded changes, oldest first, of one policy or all; `since` inclusive, `until` exclusive.

        Raises SetupError where the index is not made, or lacks what the files have: 'reindex' makes it.
        """
        return self._indexed.changes(arn, since, until)

    def looks(
        self, arn: PolicyArn, since: datetime | None = None, until: datetime | None = None
    ) -> tuple[Look, ...]:
        """The rounds that read this policy without fault and began in [since, until), oldest first."""
        return self._indexed.looks(arn, since, until)

    def last_try(self, arn: PolicyArn, until: datetime | None = None) -> Look | None:
        """The newest round that asked for this policy, with or without success, begun no later than `until`."""
        return self._indexed.last_try(arn, until)

    def last_sweep(self, partition: str, until: datetime | None = None) -> Look | None:
        """The newest round that asked for all of a partition, with or without success, begun no later than `until`."""
        return self._indexed.last_sweep(partition, until)

    def last_reads(
        self, arns: Iterable[PolicyArn], since: datetime | None = None, until: datetime | None = None
    ) -> dict[PolicyArn, datetime]:
        """When each of some policies was last read in [since, until); those that never were are left out."""
        return self._indexed.last_reads(arns, since, until)

    def defaults(self, partition: str) -> dict[str, tuple[PolicyArn, Known]]:
        """Folder ('aws/ReadOnlyAccess') -> policy and default on record, of all of a partition; `archived` is left empty."""
        return self._indexed.defaults(partition)

    def unwatched(self) -> "dict[tuple[str, datetime], Basis]":
        """(folder, instant) -> how a default is known to have been in force, where that was no look."""
        return self._indexed.unwatched()

    def observed(self, since: datetime, until: datetime) -> frozenset[str]:
        """The folders of policies whose default was seen to come or go in [since, until)."""
        return self._indexed.observed(since, until)

    def begun(self) -> dict[str, datetime]:
        """Folder -> when the policy was first seen, of all policies that were."""
        return self._indexed.begun()

    def indexed(self, arn: PolicyArn) -> frozenset[Identity]:
        """The versions of a policy that the index knows: a round publishes those that it does not."""
        return self._indexed.identities(arn)

    def last_look(self, arn: PolicyArn, until: datetime | None = None) -> Look | None:
        """The newest round that read this policy without fault, begun no later than `until`."""
        return self._indexed.last_look(arn, until)

    def behind(self, arn: PolicyArn | None = None) -> tuple[PolicyArn, ...]:
        """Policies (or this one) of which files and index differ: what a killed round left, or a pull brought, sorted."""
        found = []
        for key in self._indexed.agreement.behind(arn):
            partition, _, name = key.partition("/")
            arn = folder.arn_in(self.root / partition / name) or self._indexed.arn(key)
            if arn is not None:
                found.append(arn)
        return tuple(sorted(found))

    def must_agree(self, arn: PolicyArn | None = None, db: "sqlite3.Connection | None" = None) -> None:
        """Raises SetupError where the index lacks what the files have, of one policy or any; in a reading that is open."""
        self._indexed.agreement.must_hold(arn, db)

    def rebuild(self, changes: Callable[[PolicyArn], Iterable[ChangeRow]]) -> "Rebuilt":
        """Make the index again from the files alone; `changes` compares a policy's versions. The state is not touched."""
        from tracker.archive.rebuild import rebuild  # a look needs neither this nor verify

        return rebuild(self.root, self.database, changes)

    def verify(self) -> tuple[Finding, ...]:
        """Everything that is wrong in the archive, sorted; it reads and hashes every file."""
        return self.verified().findings

    def verified(self, against: "Seal | None" = None) -> "Verified":
        """What is wrong, how far lines are chained, and the seal of every file; with an earlier one what changed since."""
        from tracker.archive.verify import verify

        return verify(self.home, self.database, against)

    # -- names ---------------------------------------------------------------------------------------------------

    def _found(self, asked: PolicyArn) -> PolicyArn | None:
        """A policy and a role may have one name: the policy comes first."""
        found = self._arn(asked)
        return found if found or asked.is_role else self._arn(role_arn(asked.name, asked.partition))

    def _arn(self, asked: PolicyArn) -> PolicyArn | None:
        place = policy_folder(self.root, asked)
        known = folder.identities(place)
        if not known:
            return None
        return self._indexed.arn(policy_key(asked)) or folder.arn_in(place, known)

    def _asked(self, text: str, partition: str) -> PolicyArn:
        try:
            if text.startswith("arn:"):
                return PolicyArn.parse(text)
        except ValueError as error:
            raise UnknownPolicyError(str(error)) from error
        partition, text = split_partition(text, partition)
        if (named := arn_of_folder(partition, text)) is not None:  # by its handle: `role~X`, `111122223333~X`
            return named
        if not is_policy_name(text):
            raise UnknownPolicyError(
                f"not the name of a policy: {text!r}",
                advice="wanted: a name such as ReadOnlyAccess or aws-us-gov:ReadOnlyAccess, or an ARN such as arn:aws:iam::aws:policy/ReadOnlyAccess",
            )
        return PolicyArn(partition, text)


def _without_run(one: Observation) -> tuple[object, ...]:
    return (one.observed_at, one.identity, one.source, one.basis)


def _by_partition(look: Look, partition: str | None) -> list[tuple[str, Look]]:
    """The look as each partition it asked saw it."""
    if look.policies is None:
        return [(partition or "aws", look)]
    parts = []
    for one in sorted({PolicyArn.parse(text).partition for text in (*look.policies, *look.failed)}):
        policies = tuple(text for text in look.policies if PolicyArn.parse(text).partition == one)
        failed = tuple(text for text in look.failed if PolicyArn.parse(text).partition == one)
        parts.append((one, replace(look, policies=policies, failed=failed)))
    return parts
