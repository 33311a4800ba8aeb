"""What a role did, as words and as JSON. The record is stable: additions only."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from tracker.changelog.wording import count, listed, noun_for, number, some, was
from tracker.model.instants import iso, words
from tracker.model.used import Calls, InForce, UsedReport, Verdict

VERDICT_WORDS: dict[Verdict, str] = {
    "granted": "yes",
    "perhaps": "perhaps",
    "not granted": "NO",
    "unknown": "not known",
}


def used_record(found: UsedReport, *, public: bool = False) -> dict[str, Any]:
    """The report as data. `public`: without accounts, resources and paths, for what may be shown to others."""
    return {
        "schema": 1,
        "type": "used",
        "role": {
            "name": found.role.name,
            "arn": "" if public else found.role.arn,
            "service": found.role.service,
        },
        "since": iso(found.since) if found.since else None,
        "until": iso(found.until) if found.until else None,
        "made_at": iso(found.made),
        "catalogue": found.catalogue,
        "policies": [_in_force(one) for one in found.policies],
        "policies_by": found.basis.how,
        "watched_since": iso(found.basis.since) if found.basis.since else None,
        "basis": _basis(found),
        "read": {
            "files": found.read.files,
            "events": found.read.events,
            "passed_over": found.read.passed_over,
            "outside": found.read.outside,
            "namesakes": found.read.namesakes,
            "unread": found.read.unread,
            "looked_up": [
                {
                    "region": one.region,
                    "events": one.events,
                    "since": iso(one.since) if one.since else None,
                    "until": iso(one.until) if one.until else None,
                    "reached": iso(one.reached) if one.reached else None,
                    "failed": bool(one.failed) if public else one.failed,
                }
                for one in found.read.looked_up
            ],
            "broken": len(found.read.broken)
            if public
            else [{"path": one.path, "why": one.why} for one in found.read.broken],
        },
        "duplicates": found.duplicates,
        "unjudged": found.unjudged,
        "total": _calls(found.total, public) if found.total else None,
        "used": [
            {
                "action": one.action,
                "service": one.service,
                "access_level": one.access_level,
                "verdict": one.verdict,
                "instead": list(one.instead),
                **_calls(one.calls, public),
            }
            for one in found.used
        ],
        "not_granted": [
            {
                "action": one.action,
                "verdict": one.verdict,
                "in_force": [_in_force(each) for each in one.in_force],
                **_calls(one.calls, public),
            }
            for one in found.ungranted
        ],
        "unknown_events": [
            {"event_source": one.source, "event_name": one.name, **_calls(one.calls, public)}
            for one in found.unnamed
        ],
        "never_used": [
            {
                "action": one.action,
                "service": one.service,
                "access_level": one.access_level,
                "recorded": one.recorded,
                "until": str(one.until) if one.until else None,
            }
            for one in found.unused
        ],
        "services": [
            {
                "service": one.service,
                "name": one.name,
                "calls": one.calls,
                "granted": one.granted,
                "used": one.used,
                "unseen": one.unseen,
            }
            for one in found.services
        ],
        "assumed": _calls(found.assumed, public) if found.assumed else None,
        "in_other_names": [
            {"event_source": one.source, "event_name": one.name, **_calls(one.calls, public)}
            for one in found.in_other_names
        ],
    }


def _in_force(one: InForce) -> dict[str, str | bool | None]:
    return {
        "policy": str(one.policy),
        "version": str(one.version) if one.version else None,
        "later": str(one.later) if one.later else None,
        "perhaps": one.perhaps,
    }


def _calls(one: Calls, public: bool) -> dict[str, Any]:
    told: dict[str, Any] = {
        "calls": one.number,
        "refused": one.refused,
        "first": iso(one.first),
        "last": iso(one.last),
        "regions": list(one.regions),
        "errors": dict(one.errors),
    }
    if not public:
        told |= {
            "accounts": list(one.accounts),
            "resources": list(one.resources),
            "more_resources": one.more_resources,
        }
    return told


def in_force_words(found: Iterable[InForce]) -> str:
    """`AWSSupportServiceRolePolicy v58`, with what may have been in force already beside it."""
    told = []
    for one in found:
        version = str(one.version) if one.version else "none known"
        later = f" (or already one up to {one.later})" if one.later else ""
        attached = ", perhaps attached by then" if one.perhaps else ""
        inline = ", its inline policies" if one.policy.is_role else ""
        told.append(f"{one.policy.name} {version}{inline}{later}{attached}")
    return listed(told) or "no policy is known"


def headline(found: UsedReport) -> str:
    """One sentence: how much was done, how, and where."""
    period = _period(found)
    if found.total is None:
        return f"{found.role.name}: not one call{period}."
    actions = count(len(found.used), "action")
    services = len({one.service for one in found.used})
    told = f"{found.role.name}: {count(found.total.number, 'call')} of {actions} in {count(services, 'service')}{period}"
    return f"{told}, {number(found.total.refused)} of them refused." if found.total.refused else f"{told}."


def _period(found: UsedReport) -> str:
    if found.since and found.until:
        return f" from {words(found.since)} to {words(found.until)}"
    if found.since:
        return f" since {words(found.since)}"
    if found.until:
        return f" until {words(found.until)}"
    if found.total:
        return f" between {words(found.total.first)} and {words(found.total.last)}"
    return ""


def notes(found: UsedReport) -> Iterator[str]:
    """What a reader must know beside the figures, a sentence each."""
    read = found.read
    if read.files:
        of_files = read.events - sum(one.events for one in read.looked_up)
        yield f"Read {count(read.files, 'log file')} with {count(of_files, 'event')} of everybody."
    if read.looked_up:
        yield from _looked_up(found)
    if read.outside:
        yield (
            f"{count(read.outside, 'log file')} {was(read.outside)} passed over: delivered before the period,"
            " or more than a week after it."
        )
    if found.duplicates:
        yield f"{count(found.duplicates, 'event')} came more than once and {noun_for(found.duplicates, 'counts', 'count')} once."
    if read.unread:
        yield f"{count(read.unread, 'event')} could not be told to be anybody's: not as CloudTrail writes them."
    if read.namesakes:
        yield (
            f"{count(read.namesakes, 'event')} of another role of the same name {was(read.namesakes)} left out:"
            f" only the service makes roles under aws-service-role/{found.role.service}."
        )
    yield from _where(found)


def _basis(found: UsedReport) -> str:
    """What `basis_note` says, where any call was made before the first look at the role."""
    since = found.basis.since
    if since and found.total and found.total.first >= since:
        return ""
    return basis_note(found.basis.how, since, linked=found.basis.linked)


def basis_note(how: str, since: datetime | None, *, linked: bool) -> str:
    """Whence it is known which policies the role had; empty where nobody has to be told."""
    if how == "aws":
        return (
            "Nobody has looked at the role itself: these are held against the policy that AWS writes for it."
            " `policy-tracker check` looks at the roles of the setting `roles`."
        )
    if how == "archive" and since:
        before = (
            "what AWS alone attaches is taken to have hung on it before, too"
            if linked
            else "of calls before, nobody knows what hung on it"
        )
        return f"The role was first looked at on {words(since)}: {before}."
    return ""


def _where(found: UsedReport) -> Iterator[str]:
    """Where it was done, and what it is held against."""
    if found.total:
        where = [count(len(found.total.regions), "region") + f" ({some(found.total.regions, 8)})"]
        if len(found.total.accounts) > 1:
            where.insert(0, count(len(found.total.accounts), "account"))
        yield f"In {listed(where)}."
    if found.assumed:
        yield f"The service assumed the role {count(found.assumed.number, 'time')}, last at {words(found.assumed.last)}."
    if found.policies or found.basis.how == "archive":
        held = in_force_words(found.policies) if found.policies else "no policy, since none hung on the role,"
        yield f"Held against {held} at the end, and at each call against what was in force then."
        yield from filter(None, [_basis(found)])
        if found.unjudged:
            yield f"{count(found.unjudged, 'call')} {was(found.unjudged)} made when nothing is on record of what was in force, and {was(found.unjudged)} not judged."
    else:
        yield "No policy of this role is known, so nothing is judged: name one with --policy."


def _looked_up(found: UsedReport) -> Iterator[str]:
    """How far the event history was read."""
    told = found.read.looked_up
    whole = [one for one in told if one.since and one.until and not one.failed]
    if whole:
        since = max(one.since for one in whole if one.since)
        events = sum(one.events for one in whole)
        yield (
            f"CloudTrail's event history of {count(len(whole), 'region')} since {words(since)}:"
            f" {count(events, 'event')} of everybody, management events alone."
        )
    for one in told:
        if one.reached:
            yield f"{one.region} is read back to {words(one.reached)} only: the same command goes on from there."
        elif one.failed and one.until:
            yield f"{one.region} is read up to {words(one.until)} only."
        elif one.failed:
            yield f"{one.region} is not read."
