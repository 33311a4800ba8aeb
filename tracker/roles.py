"""Roles looked at like policies: what IAM says of each is archived, compared and told by the same means.

A role has no version of its own, so its states are numbered here: v1 is of the day on which AWS made it, each later one
of the look that saw it first. A state that was there before keeps its number; a role that is made again starts over.
"""

import json
import logging
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime

from tracker.changes.roles import EXPECTED
from tracker.collaborators import Tracker
from tracker.errors import InputError, PermissionDeniedError, TrackerError
from tracker.model.asking import Answer, Known, RoleNow
from tracker.model.history import Snapshot
from tracker.model.identity import PolicyArn, VersionId, role_arn
from tracker.model.instants import AHEAD, iso, parse_instant
from tracker.model.rounds import Failure
from tracker.model.watch import ALL, Watch
from tracker.sources.parallel import Ask

log = logging.getLogger(__name__)

Identity = tuple[VersionId, datetime]
_UNREAD = "attached policy not read: "


@dataclass(frozen=True, slots=True)
class RoleStatus:
    """What the last look at a role told beside its archived state."""

    asked_at: datetime | None = None  # UTC; None: never, or never with success
    there: bool = False
    last_used: datetime | None = None  # UTC; None: not within the days that IAM tells of
    last_region: str = ""
    denied: str = ""  # the action that was not allowed, 'iam:GetRole'; empty where it was read
    denied_at: datetime | None = None


@dataclass(slots=True)
class RoleLooks:
    """What a round learnt of the roles."""

    seen: list[tuple[Ask, Answer]] = field(default_factory=list)
    failed: list[Failure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # what is said once: a permission that is missing
    attached: set[PolicyArn] = field(default_factory=set)  # policies that hang on a role


def look_at_roles(tracker: Tracker, names: Iterable[str], *, dry: bool = False) -> RoleLooks:
    """Ask for each role; `dry`: nothing is written. What can't be read of one stops nothing else."""
    found = RoleLooks()
    for name in names if tracker.role_source else ():
        arn = archived_role(tracker, name) or role_arn(name, tracker.partition)
        ask = Ask(arn, tracker.archive.known(arn), first=tracker.archive.last_look(arn) is None)
        try:
            answer = _asked(tracker, ask, found, dry=dry)
        except PermissionDeniedError as error:
            _denied(tracker, name, error, found, dry=dry)
            continue
        except TrackerError as error:
            log.warning("role not read", extra={"role": name, "error": str(error)})
            found.failed.append(Failure(arn, str(error), error.advice, error.exit_code))
            continue
        found.seen.append((ask, answer))
    return found


def with_attached(watch: Watch, attached: Iterable[PolicyArn]) -> Watch:
    """The same watch with the policies that hang on roles; AWS's own not twice where all of them are listed."""
    more = (one for one in sorted(attached) if not (watch.listing == ALL and one.account == "aws"))
    return replace(watch, named=tuple(dict.fromkeys((*watch.named, *more))))


def role_is_due(tracker: Tracker, name: str, planned: datetime) -> bool:
    """Whether a role was not asked for since `planned`, allowed or not; one that failed is asked for again with the rest."""
    told = status(tracker, name)
    ahead = tracker.clock() + AHEAD
    return not any(planned <= moment <= ahead for moment in (told.asked_at, told.denied_at) if moment)


def _asked(tracker: Tracker, ask: Ask, found: RoleLooks, *, dry: bool) -> Answer:
    if tracker.role_source is None:
        raise ValueError("no source of roles")
    now = tracker.role_source.role(ask.arn.name, ask.arn.partition)
    if not dry:
        remember(tracker, ask.arn.name, RoleStatus(
            asked_at=tracker.clock(), there=now is not None,
            last_used=now.last_used if now else None, last_region=now.last_region if now else "",
        ))  # fmt: skip
    if now is None:
        return Answer(ask.arn, None)
    found.attached |= set(now.attached)
    return answer_of(tracker, ask.known, now)


def answer_of(tracker: Tracker, known: Known, now: RoleNow) -> Answer:
    """What a role is now, as a version: one that is archived where it was so before, else a new one."""
    from tracker.policy.parse import canonical_text, digest

    text = canonical_text(now.document, what=now.arn.name)
    sha256 = digest(text)
    archived = sorted(known.archived, key=lambda one: (one[1], one[0]), reverse=True)
    if known.default is not None:  # mostly nothing changed
        archived = [known.default, *(one for one in archived if one != known.default)]
    newest: Snapshot | None = None
    for identity in archived:
        kept = tracker.archive.snapshot(now.arn, *identity)
        if kept.sha256 == sha256:
            return Answer(now.arn, identity)
        newest = kept if newest is None or kept.create_date > newest.create_date else newest
    identity = (VersionId(1), now.made)
    if newest is not None and _id_of(newest) == now.role_id:
        identity = (VersionId(newest.version.number + 1), tracker.clock())
    return Answer(now.arn, identity, (Snapshot(now.arn, *identity, text, sha256, "iam"),))


def _id_of(snapshot: Snapshot) -> object:
    return json.loads(snapshot.document)["Role"]["RoleId"]


def attached_denied(
    tracker: Tracker, arn: PolicyArn, error: PermissionDeniedError, found: RoleLooks, *, dry: bool = False
) -> None:
    """Say once that a policy which is looked at for hanging on a role alone may not be read, and which action is missing."""
    action = error.action or "iam:GetPolicy"
    if unread(tracker, arn) != action:
        found.notes.append(
            f"{arn}, which is attached to a watched role, is not watched: {action} is not allowed; "
            "everything else is looked at all the same (said once; docs/role.md)"
        )
        log.warning("attached policy not watched", extra={"policy": arn.name, "missing": action})
    if not dry:
        tracker.database.set_meta(f"{_UNREAD}{arn}", action)


def attached_read(tracker: Tracker, arn: PolicyArn) -> None:
    """That such a policy could be read; were it refused again, that is said again."""
    if unread(tracker, arn):
        tracker.database.set_meta(f"{_UNREAD}{arn}", "")


def unread(tracker: Tracker, arn: PolicyArn) -> str:
    """The action that was not allowed when a policy was to be read that hangs on a role; empty where it could be read."""
    return (tracker.database.get_meta(f"{_UNREAD}{arn}") if tracker.database.exists else None) or ""


def _denied(
    tracker: Tracker, name: str, error: PermissionDeniedError, found: RoleLooks, *, dry: bool
) -> None:
    """Say once which action is missing; whoever meant to leave it out is not told every day."""
    before = status(tracker, name)
    action = error.action or "iam:GetRole"
    if before.denied != action:
        found.notes.append(
            f"the role {name} is not watched: {action} is not allowed; policies are looked at all the same "
            "(said once; docs/role.md)"
        )
        log.warning("role not watched", extra={"role": name, "missing": action})
    if not dry:
        remember(tracker, name, RoleStatus(denied=action, denied_at=tracker.clock()))


def status(tracker: Tracker, name: str) -> RoleStatus:
    """What the last look at a role told; an empty one where none was made."""
    told = tracker.database.get_meta(_key(tracker, name)) if tracker.database.exists else None
    if not told:
        return RoleStatus()
    kept = json.loads(told)
    return RoleStatus(
        asked_at=_instant(kept["asked_at"]),
        there=kept["there"],
        last_used=_instant(kept["last_used"]),
        last_region=kept["last_region"],
        denied=kept["denied"],
        denied_at=_instant(kept["denied_at"]),
    )


def remember(tracker: Tracker, name: str, told: RoleStatus) -> None:
    """Keep what a look told for `status`."""
    kept = {
        "asked_at": iso(told.asked_at) if told.asked_at else None,
        "there": told.there,
        "last_used": iso(told.last_used) if told.last_used else None,
        "last_region": told.last_region,
        "denied": told.denied,
        "denied_at": iso(told.denied_at) if told.denied_at else None,
    }
    tracker.database.set_meta(_key(tracker, name), json.dumps(kept))


def _key(tracker: Tracker, name: str) -> str:
    return f"role: {tracker.partition}/{name}"


def _instant(text: str | None) -> datetime | None:
    return parse_instant(text) if text else None


def archived_role(tracker: Tracker, name: str) -> PolicyArn | None:
    """A role that the archive has a state of; None where it has none."""
    return tracker.archive.find(str(role_arn(name, tracker.partition)))


def attached_now(tracker: Tracker, name: str) -> tuple[PolicyArn, ...] | None:
    """The policies that hang on a role by its last archived state; None where nothing is known of it, () where it is gone."""
    arn = archived_role(tracker, name)
    if arn is None:
        return None
    default = tracker.archive.known(arn).default
    if default is None:
        return ()
    document = json.loads(tracker.archive.snapshot(arn, *default).document)
    return tuple(PolicyArn.parse(text) for text in document["AttachedPolicies"])


def hanging(tracker: Tracker, names: Iterable[str]) -> set[PolicyArn]:
    """The policies that hang on any of these roles; a role whose file is damaged is said where it is asked for itself."""
    found: set[PolicyArn] = set()
    for name in names:
        with suppress(InputError):
            found |= set(attached_now(tracker, name) or ())
    return found


def roles_with(tracker: Tracker, arn: PolicyArn) -> tuple[str, ...]:
    """The tracked roles that a policy hangs on, or the role itself; of a role that nobody could read, what AWS says of it."""
    return tuple(
        name for name in tracker.roles if arn.partition == tracker.partition and _has(tracker, name, arn)
    )


def _has(tracker: Tracker, name: str, arn: PolicyArn) -> bool:
    if arn.is_role:
        return arn.name == name
    try:
        attached = attached_now(tracker, name)
    except InputError:
        attached = None  # a damaged file is said where the role itself is asked for
    if attached is None:
        return name in EXPECTED and EXPECTED[name].policy == arn.name and arn.account == "aws"
    return any((one.name, one.account) == (arn.name, arn.account) for one in attached)


def topics(tracker: Tracker, arn: PolicyArn) -> Iterator[str]:
    """Whose subscribers hear of it: a policy's own; of a role those of the policies that hang on it, too."""
    yield arn.name
    if arn.is_role:
        yield from (one.name for one in attached_now(tracker, arn.name) or ())
        if arn.name in EXPECTED:
            yield EXPECTED[arn.name].policy
