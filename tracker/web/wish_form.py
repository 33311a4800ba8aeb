"""The form that says what a subscription asks for: what was typed, what is wrong with which field, and the wish it makes. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tracker.delivery.wish import FIELDS, FREQUENCIES, Wish, read_wish, wish_record
from tracker.errors import InputError

Typed = Mapping[str, Sequence[str]]  # by a field's name: what came of it, in order

_LISTS = ("policies", "services", "watch", "kinds")
_WRITTEN = ("policies", "services")  # lists that are typed into one line
_MOST = 50  # entries of one list: each is held against every change
_LONGEST = 2_000  # characters of one field


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several answers."""

    value: str
    words: str
    note: str = ""


FREQUENCY_CHOICES = (
    Choice("instant", "At once", "a mail for each change, when it is seen"),
    Choice("daily", "Daily", "a digest, where anything changed"),
    Choice("weekly", "Weekly", "a digest on Mondays, where anything changed"),
    Choice("monthly", "Monthly", "a digest on the first, to file"),
    Choice("watchlisted", "What is on the watchlist at once, the rest monthly", "an alarm the same hour, and a page a month"),
)  # fmt: skip
FORM_CHOICES = (
    Choice("full", "What deserves attention, and a row for each service", "with a link to all of it"),
    Choice("summary", "A summary", "nothing is attached"),
    Choice("attached", "The same as the first, with the whole changelog attached", "as Markdown, to file"),
)
LEVEL_CHOICES = (
    Choice("", "Any"),
    Choice("List", "List and above"),
    Choice("Read", "Read and above"),
    Choice("Tagging", "Tagging and above"),
    Choice("Write", "Write and above"),
    Choice("Permissions management", "Permissions management alone"),
)
WATCH_CHOICES = (
    Choice("customer-data", "Customers’ data", "reads or changes what customers keep"),
    Choice("credentials", "Credentials", "reads or makes secrets and keys"),
    Choice("escalation", "Escalation", "lets a caller gain rights"),
    Choice("exposure", "Exposure", "can open resources to others"),
    Choice("capability", "Capability", "runs commands, code or queries"),
    Choice("deny", "Denies that go", "what was forbidden is so no longer"),
    Choice("level", "More than reading", "in a policy that otherwise only reads"),
    Choice("not-reviewed", "Not reviewed", "actions that nobody has judged"),
)
KIND_CHOICES = (
    Choice("updated", "Updated", "another version, another access"),
    Choice("rolled-back", "Rolled back", "to an earlier version"),
    Choice("created", "Created", "seen for the first time"),
    Choice("recreated", "Recreated", "its versions began again"),
    Choice("removed", "No longer visible"),
    Choice("reappeared", "Visible again"),
    Choice("republished", "Republished", "with the same access; in digests"),
    Choice("compared", "Made, never in force", "versions that nobody saw in force"),
)
HEARTBEAT_CHOICES = (
    Choice("", "Say so in monthly digests alone"),
    Choice("yes", "Say so in every digest"),
    Choice("no", "Send nothing"),
)
CHOICES: Mapping[str, tuple[Choice, ...]] = {
    "frequency": FREQUENCY_CHOICES,
    "form": FORM_CHOICES,
    "level": LEVEL_CHOICES,
    "watch": WATCH_CHOICES,
    "kinds": KIND_CHOICES,
    "heartbeat": HEARTBEAT_CHOICES,
    "hour": (Choice("", "When the report is made"), *(Choice(str(n), f"{n:02}:00") for n in range(24))),
}
LABELS = {
    "address": "Mail address",
    "policies": "Policies",
    "services": "Services",
    "level": "Access level",
    "watch": "Findings",
    "tripwires": "Tripwires",
    "additions": "Additions",
    "kinds": "Kinds of change",
    "least": "Least number of actions",
    "frequency": "How often",
    "hour": "Hour",
    "heartbeat": "When nothing changed",
    "form": "Form",
}
NARROWING = ("services", "level", "watch", "tripwires", "additions", "kinds", "least")
ASKED = tuple(name for name in FIELDS if name != "name")  # the form makes subscriptions without a name


@dataclass(frozen=True, slots=True)
class Filled:
    """A form as somebody filled it in."""

    typed: Mapping[str, tuple[str, ...]]  # by field, as it came
    faults: Mapping[str, str]  # by field: what is wrong with it, and what would be right; a sentence
    wish: Wish | None  # None where anything is wrong

    def one(self, name: str) -> str:
        """What a field of one value holds."""
        return self.typed.get(name, ("",))[-1]

    def has(self, name: str, value: str) -> bool:
        """Whether a field of several answers has this one."""
        return value in self.typed.get(name, ())

    @property
    def narrowed(self) -> bool:
        """Whether anything narrows what is told, or is wrong there."""
        return any(any(self.typed.get(name, ())) or name in self.faults for name in NARROWING)


def empty(query: Typed) -> Filled:
    """A new form; what a link's query says is filled in already, as far as it can be read."""
    found = filled({name: value for name, value in query.items() if name in ASKED})
    typed = {name: value for name, value in found.typed.items() if name not in found.faults}
    return Filled({"frequency": ("instant",), "form": ("full",), **typed}, {}, None)


def filled(given: Typed) -> Filled:
    """A form that came in: every field read by itself, so that each fault stands beside its own. Names that are no field of ours are passed over."""
    typed = {name: tuple(given[name]) for name in ASKED if any(given.get(name, ()))}
    faults: dict[str, str] = {}
    values: dict[str, object] = {}
    for name, texts in typed.items():
        value: object = list(texts) if name in _LISTS else texts[-1].strip()
        if name in _WRITTEN:
            value = " ".join(texts).replace(",", " ").split()
        if (isinstance(value, list) and len(value) > _MOST) or sum(map(len, texts)) > _LONGEST:
            faults[name] = f"Too many: wanted are {_MOST} at most."
            continue
        try:
            read_wish({name: value, **_beside(name, typed)})
        except InputError as error:
            faults[name] = sentence(error)
        values[name] = value
    return Filled(typed, faults, None if faults else read_wish(values))


def of_wish(wish: Wish) -> Filled:
    """The form of a subscription that stands."""
    typed: dict[str, tuple[str, ...]] = {}
    for name, value in wish_record(wish).items():
        if name in _WRITTEN and isinstance(value, list):
            typed[name] = (" ".join(value),)
        elif isinstance(value, list):
            typed[name] = tuple(value)
        elif isinstance(value, bool):
            typed[name] = ("yes" if value else "no",) if value or name == "heartbeat" else ()
        elif value not in (None, "", 0) or (name == "hour" and value == 0):
            typed[name] = (str(value),)
    if wish.policies == ("*",):
        del typed["policies"]
    return Filled({name: texts for name, texts in typed.items() if texts}, {}, wish)


def sentence(error: InputError) -> str:
    """An error as it stands beside a field."""
    said = str(error).rstrip(".")
    told = f"{said} ({error.advice})" if error.advice else said
    return f"{told[0].upper()}{told[1:]}."


def _beside(name: str, typed: Typed) -> dict[str, object]:
    """What must be known of other fields to read one: an hour is for digests."""
    frequency = typed.get("frequency", ("instant",))[-1]
    return {"frequency": frequency} if name == "hour" and frequency in FREQUENCIES else {}
