"""What a subscription asks for, read from flags, a form, CSV, TOML or the database, and written back."""

import re
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, cast, get_args

from tracker.delivery.filters import EVERYTHING, KINDS, LEVELS, WATCH_KINDS, Filter
from tracker.errors import InputError
from tracker.model.identity import is_policy_name

Frequency = Literal["instant", "daily", "weekly", "monthly", "watchlisted"]
Form = Literal["full", "summary", "attached"]
FREQUENCIES: tuple[Frequency, ...] = get_args(Frequency)
FORMS: tuple[Form, ...] = get_args(Form)
AT_ONCE: tuple[Frequency, ...] = ("instant", "watchlisted")  # those that hear of a single change
DIGESTED: tuple[Frequency, ...] = ("daily", "weekly", "monthly", "watchlisted")

_SERVICE = re.compile(r"[a-z0-9][a-z0-9-]{0,62}\Z")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}\Z")
_WORDS = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


@dataclass(frozen=True, slots=True)
class Wish:
    """What a subscription asks for."""

    policies: tuple[str, ...] = ("*",)  # names or globs of names, sorted; '*' is every policy
    filter: Filter = EVERYTHING
    frequency: Frequency = "instant"
    hour: int | None = None  # UTC, of its digests; None: when the tracker makes its report
    heartbeat: bool = False  # a digest comes even where there is nothing to tell
    form: Form = "full"  # 'summary': nothing attached; 'attached': the Markdown always attached
    name: str = ""  # tells the subscriptions of one recipient apart


FIELDS = (
    "policies", "services", "level", "watch", "tripwires", "additions", "kinds", "least",
    "frequency", "hour", "heartbeat", "form", "name",
)  # fmt: skip
_LISTS = {"policies", "services", "watch", "kinds"}
_FLAGS = {"tripwires", "additions", "heartbeat"}


def read_wish(given: Mapping[str, object]) -> Wish:
    """A wish from words by the names of FIELDS; what is missing, None or empty is as the default has it.

    A list may be a list, or text with commas or spaces. Raises InputError for an unknown field and for a value that is
    none, naming it and what would be right.
    """
    if strangers := sorted(set(given) - set(FIELDS)):
        raise InputError(f"unknown field {strangers[0]!r}", advice=f"known: {', '.join(FIELDS)}")
    value = {name: one for name, one in given.items() if one not in (None, "", (), [])}
    many = {name: _many(name, value.pop(name)) for name in sorted(_LISTS & value.keys())}
    flags = {name: _flag(name, value.pop(name)) for name in sorted(_FLAGS & value.keys())}
    frequency = cast("Frequency", _one_of("frequency", value.get("frequency", "instant"), FREQUENCIES))
    hour = _whole("hour", value["hour"], 0, 23) if "hour" in value else None
    if hour is not None and frequency == "instant":
        raise InputError("an hour is for digests: an instant mail comes when the change is seen")
    name = str(value.get("name", ""))
    if name and not _NAME.match(name):
        raise InputError(f"not a name for a subscription: {name!r}", advice="letters, digits, spaces and ._-")
    return Wish(
        policies=checked_policies(many.get("policies", ())),
        filter=Filter(
            services=_services(many.get("services", ())),
            level=_one_of("access level", value["level"], LEVELS) if "level" in value else "",
            watch=_each_of("kind of finding", many.get("watch", ()), WATCH_KINDS),
            tripwires=flags.get("tripwires", False),
            additions=flags.get("additions", False),
            kinds=_each_of("kind of transition", many.get("kinds", ()), KINDS),
            least=_whole("least", value["least"], 0, 100_000) if "least" in value else 0,
        ),
        frequency=frequency,
        hour=hour,
        heartbeat=flags.get("heartbeat", frequency == "monthly"),
        form=cast("Form", _one_of("form", value.get("form", "full"), FORMS)),
        name=name,
    )


def wish_record(wish: Wish) -> dict[str, object]:
    """A wish by the names of FIELDS, whole: `read_wish` gives the same wish back."""
    told = {**asdict(wish.filter), **{one.name: getattr(wish, one.name) for one in fields(wish)}}
    return {name: list(told[name]) if name in _LISTS else told[name] for name in FIELDS}


def filter_record(asked: Filter) -> dict[str, object]:
    """What a filter asks for, what it leaves alone left out: as the database keeps it."""
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in asdict(asked).items()
        if value
    }


def read_filter(record: Mapping[str, Any]) -> Filter:
    """`filter_record` read back."""
    values: dict[str, Any] = {
        name: tuple(one) if isinstance(one, list) else one for name, one in record.items()
    }
    return Filter(**values)


def in_words(wish: Wish) -> str:
    """One line: `AWSSupport*; services s3, ec2; at least Write; weekly at 07:00 UTC, summary`."""
    asked = wish.filter
    parts = ["all that are watched" if wish.policies == ("*",) else ", ".join(wish.policies)]
    parts += [f"services {', '.join(asked.services)}"] if asked.services else []
    parts += [f"{asked.level} or above"] if asked.level else []
    parts += [f"findings of {', '.join(asked.watch)}"] if asked.watch else []
    parts += ["tripwires only"] if asked.tripwires else []
    parts += ["additions only"] if asked.additions else []
    parts += [f"kinds {', '.join(asked.kinds)}"] if asked.kinds else []
    parts += [f"at least {asked.least} actions"] if asked.least else []
    when: str = (
        wish.frequency if wish.frequency != "watchlisted" else "instant when watchlisted, else monthly"
    )
    when += f" at {wish.hour:02}:00 UTC" if wish.hour is not None else ""
    when += ", also when nothing changed" if wish.heartbeat and wish.frequency != "monthly" else ""
    when += ", only when something changed" if not wish.heartbeat and wish.frequency == "monthly" else ""
    return "; ".join([*parts, when + (f", {wish.form}" if wish.form != "full" else "")])


def checked_policies(policies: Collection[str]) -> tuple[str, ...]:
    """Names and patterns of names, sorted; none means all, and so does `all`. Raises InputError for what is neither."""
    for pattern in policies:
        if not is_policy_name(pattern.translate(dict.fromkeys(map(ord, "*?[]!"), "x"))):
            raise InputError(
                f"not a policy's name or a pattern of names: {pattern!r}",
                advice="write a name like ReadOnlyAccess, a pattern like 'AWSSupport*', or '*' for all",
            )
    return tuple(sorted({"*" if one == "all" else one for one in policies})) or ("*",)


def _services(given: tuple[str, ...]) -> tuple[str, ...]:
    lower = tuple(sorted({one.lower() for one in given}))
    for one in lower:
        if not _SERVICE.match(one):
            raise InputError(
                f"not a service's prefix: {one!r}", advice="as actions begin: s3, ec2, execute-api"
            )
    return lower


def _many(name: str, given: object) -> tuple[str, ...]:
    if isinstance(given, str):
        return tuple(given.replace(",", " ").split())
    if isinstance(given, list | tuple) and all(isinstance(one, str) for one in given):
        return tuple(given)
    raise InputError(f"{name} is no list of words: {given!r}")


def _flag(name: str, given: object) -> bool:
    if isinstance(given, bool):
        return given
    if isinstance(given, str) and given.lower() in _WORDS:
        return _WORDS[given.lower()]
    raise InputError(f"{name} is neither yes nor no: {given!r}", advice="wanted: yes or no")


def _whole(name: str, given: object, least: int, most: int) -> int:
    text = str(given)
    if isinstance(given, bool) or not (text.isascii() and text.isdigit()) or not least <= int(text) <= most:
        raise InputError(f"not a number for {name}: {given!r}", advice=f"wanted: {least} to {most}")
    return int(text)


def _one_of(what: str, given: object, known: Collection[str]) -> str:
    found = next((one for one in known if str(given).lower() == one.lower()), None)
    if found is None:
        raise InputError(f"not a {what}: {given!r}", advice=f"wanted: {' or '.join(known)}")
    return found


def _each_of(what: str, given: tuple[str, ...], known: Collection[str]) -> tuple[str, ...]:
    return tuple(sorted({_one_of(what, one, known) for one in given}))
