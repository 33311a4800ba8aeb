"""The kinds of value that a setting can have: how each is read, what would be right, how it is written in TOML."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, time
from pathlib import Path
from typing import Generic, TypeVar

from tracker.model.identity import is_policy_name, split_partition
from tracker.model.watch import ALL, ATTACHED
from tracker.schedule import EXAMPLES, Schedule

T = TypeVar("T")
_PARTITION = re.compile(r"aws[a-z0-9-]{0,30}\Z")
_HOST = re.compile(r"(?!-)[A-Za-z0-9._-]{1,253}\Z|\[?[0-9A-Fa-f:.]{2,45}\]?\Z")
_URL = re.compile(r"https?://[^\s/?#@]+(?:/[^\s?#]*)?\Z")
ACTION_PATTERN = re.compile(r"(?:[A-Za-z0-9*?-]+:)?[A-Za-z0-9*?]+\Z")
RULE_ID = re.compile(r"[a-z0-9][a-z0-9./:*?-]{0,79}\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Given:
    """A value as somebody gave it."""

    value: object  # TOML's own type from a file; text from the environment and from flags
    text: bool  # from the environment or a flag: everything is text there
    base: Path  # the folder that a relative path counts from


@dataclass(frozen=True, slots=True)
class Kind(Generic[T]):
    """A kind of value."""

    right: str  # what would be right, to follow 'wanted: '
    read: Callable[[Given], T]  # raises ValueError; its text, where it has any, is said instead of `right`
    write: Callable[[T], str] = field(default=lambda value: toml(value))  # the value as TOML


def toml(value: object) -> str:
    """A value as TOML writes it (JSON's strings, numbers and lists are TOML's, too)."""
    if isinstance(value, tuple | list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {toml(one)}" for key, one in value.items()) + " }"
    if isinstance(value, date):
        return value.isoformat()
    return json.dumps(value, ensure_ascii=False)


def _string(given: Given) -> str:
    if not isinstance(given.value, str):
        raise ValueError
    if any(ord(sign) < 32 or ord(sign) == 127 for sign in given.value):
        raise ValueError("no line break or control character belongs in it")
    return given.value.strip()


def _number(given: Given) -> float:
    value = given.value
    if given.text and isinstance(value, str):
        value = float(value) if re.fullmatch(r"\d+(\.\d+)?", value.strip()) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError
    return value


def _strings(given: Given) -> tuple[str, ...]:
    value = given.value
    if given.text and isinstance(value, str):
        value = (
            from_json(value)
            if value.lstrip().startswith("[")
            else [one for one in value.split(",") if one.strip()]
        )
    if not isinstance(value, list):
        raise ValueError
    return tuple(dict.fromkeys(_string(Given(one, text=False, base=given.base)) for one in value))


def from_json(text: str) -> object:
    """What a variable or a flag holds as JSON. Raises ValueError saying where it is none."""
    try:
        return json.loads(text)
    except ValueError as error:
        raise ValueError(f"not JSON: {error}") from error


def matching(right: str, fits: Callable[[str], object], *, empty: bool = True) -> Kind[str]:
    """Text that `fits` finds something in; empty text stands for 'not set' where `empty` allows it."""

    def read(given: Given) -> str:
        value = _string(given)
        if not (value or empty) or (value and not fits(value)):
            raise ValueError
        return value

    return Kind(right, read)


def one_of(*words: str) -> Kind[str]:
    """One of a few words."""
    return matching("one of " + ", ".join(map(repr, words)), lambda value: value in words, empty=False)


def _yes(given: Given) -> bool:
    """true or false, TOML's own or as text."""
    if isinstance(given.value, bool):
        return given.value
    if given.text and str(given.value).lower() in ("true", "false"):
        return str(given.value).lower() == "true"
    raise ValueError


def whole(low: int, high: int) -> Kind[int]:
    """A whole number within bounds, both allowed."""

    def read(given: Given) -> int:
        value = _number(given)
        if not low <= value <= high or value != int(value) or (isinstance(value, float) and not given.text):
            raise ValueError
        return int(value)

    return Kind(f"a whole number, {low} to {high}", read)


def seconds(low: float, high: float) -> Kind[float]:
    """A number of seconds within bounds, both allowed."""

    def read(given: Given) -> float:
        value = float(_number(given))
        if not low <= value <= high:
            raise ValueError
        return value

    return Kind(f"seconds, {low:g} to {high:g}", read, lambda value: f"{value:g}")


def strings(right: str, fits: Callable[[str], object]) -> Kind[tuple[str, ...]]:
    """A list of texts; in the environment separated by commas, or a JSON list. Doubles are dropped."""

    def read(given: Given) -> tuple[str, ...]:
        values = _strings(given)
        for value in values:
            if not fits(value):
                raise ValueError(f"{value!r:.120} does not fit; wanted: {right}")
        return values

    return Kind(right, read)


def _address(value: str) -> bool:
    from email_validator import EmailNotValidError, validate_email  # 20 ms that most commands do without

    try:
        validate_email(value, check_deliverability=False, allow_domain_literal=False)
    except EmailNotValidError as error:
        raise ValueError(f"{str(error).rstrip('.')}; wanted: a mail address like team@example.com") from error
    return True


def _sender(value: str) -> bool:
    from email.utils import parseaddr  # 10 ms that most commands do without

    try:
        name, address = parseaddr(value)
    except RecursionError as error:
        raise ValueError("nested deeper than any address") from error
    return bool(address) and ("<" in value or not name) and _address(address)


def _path(given: Given) -> Path | None:
    value = _string(given)
    return (given.base / Path(value).expanduser()).absolute() if value else None


def _time(given: Given) -> time:
    value = _string(given)
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value):
        raise ValueError
    return time.fromisoformat(value)


def _schedule(given: Given) -> Schedule:
    return Schedule.parse(_string(given))


def _is_policy(value: str) -> bool:
    _, name = split_partition(value, "aws")
    return is_policy_name(name)


def _policies(given: Given) -> tuple[str, ...]:
    """Names, or one word that stands for a listing of AWS's."""
    if isinstance(given.value, str) and given.value.strip() in (ALL, ATTACHED):
        return (given.value.strip(),)
    names = _NAMES.read(given)
    if found := {ALL, ATTACHED}.intersection(names):
        raise ValueError(
            f"{toml(min(found))} is no policy; written alone, without brackets, it is a listing of AWS's"
        )
    return names


def _profiles(given: Given) -> tuple[tuple[str, str], ...]:
    value = from_json(given.value) if given.text and isinstance(given.value, str) else given.value
    if not isinstance(value, dict):
        raise ValueError
    found = []
    for partition, profile in value.items():
        if not isinstance(profile, str) or not profile or not _PARTITION.match(str(partition)):
            raise ValueError(
                f"{str(partition)[:80]} = {profile!r:.80} does not fit; wanted: {PROFILES.right}"
            )
        found.append((str(partition), profile))
    return tuple(sorted(found))


def _channel(value: str) -> bool:
    from tracker.delivery.channels import CHANNELS  # only who names one needs it

    if value not in CHANNELS:
        raise ValueError(f"wanted: one of {', '.join(CHANNELS)}")
    return True


def _rate(value: str) -> bool:
    name, _, rate = value.partition("=")
    return _channel(name) and bool(re.fullmatch(r"\d{1,4}(\.\d+)?", rate)) and float(rate) > 0


def _network(value: str) -> bool:
    from ipaddress import ip_network

    return bool(ip_network(value))  # its ValueError says what is wrong


TEXT = matching("one line of text", bool)
CHANNEL = matching("a channel like 'slack'", _channel)
RATES = strings("a channel and a number, like 'mail=10'", _rate)
TOPICS = strings(
    "ARNs like 'arn:aws:sns:eu-west-1:123456789012:bounces'",
    re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}\Z").match,
)
NETWORKS = strings("networks like '10.20.0.0/16'", _network)
YES = Kind("true or false", _yes)
HOST = matching("a host's name or address, like smtp.example.com", _HOST.match)
HOSTS = strings(
    "hosts' names like 'tracker.example.com', or '*'", lambda value: value == "*" or _HOST.match(value)
)
REGION = matching("an AWS region like us-east-1", re.compile(r"[a-z]{2}(-[a-z]+)+-\d\Z").match)
URL = matching("an address like https://changes.example.com", _URL.match)
ADDRESS = matching("a mail address like team@example.com", _address)
SENDER = matching("an address, or a name with it: 'Policy tracker <policy-tracker@example.com>'", _sender)
ACTIONS = strings(
    "action patterns like 's3:GetObject', '*:Decrypt' or 'secretsmanager:*'", ACTION_PATTERN.match
)
RULES = strings("ids of rules, as a changelog shows them", RULE_ID.match)
_NAMES = strings("names of policies like 'ReadOnlyAccess', or their ARNs", _is_policy)
POLICIES = Kind(
    'names of policies like \'ReadOnlyAccess\', or their ARNs; or one word: "all" or "attached"',
    _policies,
    lambda value: toml(value[0] if value in ((ALL,), (ATTACHED,)) else value),
)
ROLES = strings(
    "names of roles like 'AWSServiceRoleForSupport'", is_policy_name
)  # IAM allows both the same letters
PARTITION = matching("a partition of AWS: aws, aws-us-gov, aws-cn", _PARTITION.match, empty=False)
PROFILES: Kind[tuple[tuple[str, str], ...]] = Kind(
    'a profile for each partition, like { aws-us-gov = "gov" }', _profiles, lambda value: toml(dict(value))
)
PATH: Kind["Path | None"] = Kind("a path", _path, lambda value: toml(str(value) if value else ""))
TIME = Kind("hour and minute in UTC, like '06:17'", _time, lambda value: toml(f"{value:%H:%M}"))
SCHEDULE = Kind(EXAMPLES, _schedule, lambda value: toml(value.text))
