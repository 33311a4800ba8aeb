"""Lists of subscriptions as files: CSV to bring in and take out, and `subscribers.toml`, which says who hears what."""

import csv
import io
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from tracker.delivery.addresses import same_mailbox
from tracker.delivery.channels import check_address
from tracker.delivery.subscription import Subscriber
from tracker.delivery.wish import FIELDS, Wish, read_wish, wish_record
from tracker.errors import InputError

COLUMNS = ("address", "channel", *FIELDS)
_MOST = 100_000  # lines of a file; more is a mistake


@dataclass(frozen=True, slots=True)
class Entry:
    """One subscription that a file asks for."""

    where: str  # 'line 3'
    address: str  # checked
    channel: str
    wish: Wish

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells it from every other subscription."""
        return key_of(self.address, self.channel, self.wish.name)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one entry of a file."""

    where: str
    what: str


@dataclass(frozen=True, slots=True)
class Step:
    """What it takes to make one subscription what the file says."""

    do: Literal["add", "change", "remove"]
    entry: Entry | None  # of 'add' and 'change'
    present: Subscriber | None  # of 'change' and 'remove'


def key_of(address: str, channel: str, name: str) -> tuple[str, str, str]:
    """The key by which two subscriptions are one."""
    return channel, same_mailbox(address) if channel in ("mail", "ses") else address, name


def read_csv(text: str) -> tuple[tuple[Entry, ...], tuple[Fault, ...]]:
    """The entries of a CSV file with a head, and every fault of it by its line.

    The head names columns of COLUMNS; only `address` must be there. Raises InputError for a head that is none.
    """
    rows = csv.reader(io.StringIO(text.removeprefix("\ufeff")))
    try:
        head = [cell.strip().lower() for cell in next(rows, [])]
    except csv.Error as error:
        raise InputError(f"no CSV: {error}") from error
    strangers = [cell for cell in head if cell not in COLUMNS]
    if "address" not in head or strangers or len(set(head)) < len(head):
        raise InputError(
            f"the first line names no columns of ours: {', '.join(strangers)[:200] or 'address is missing, or one is there twice'}",
            advice=f"wanted: address, and of the others what you like: {', '.join(COLUMNS[1:])}",
        )
    found: list[tuple[str, Mapping[str, object]]] = []
    faults: list[Fault] = []
    while True:
        try:
            row = next(rows, None)
        except csv.Error as error:
            faults.append(Fault(f"line {rows.line_num}", str(error)))
            break
        if row is None:
            break
        if not any(cell.strip() for cell in row):
            continue
        where = f"line {rows.line_num}"
        if len(row) != len(head) or len(found) >= _MOST:
            faults.append(Fault(where, f"{len(row)} cells, where the first line has {len(head)}"))
            continue
        found.append((where, {name: _unquoted(cell.strip()) for name, cell in zip(head, row, strict=True)}))
    entries, more = _entries(found)
    return entries, (*faults, *more)


def write_csv(people: Iterable[Subscriber]) -> str:
    """Subscriptions as CSV, by address: `read_csv` reads the same back. A spreadsheet takes no cell for a formula."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(COLUMNS)
    for one in sorted(people, key=lambda one: (one.channel, one.address, one.wish.name)):
        record = {"address": one.address, "channel": one.channel, **wish_record(one.wish)}
        table.writerow([_cell(record[name]) for name in COLUMNS])
    return out.getvalue()


def read_toml(text: str) -> tuple[tuple[Entry, ...], tuple[Fault, ...]]:
    """The `[[subscriber]]` tables of subscribers.toml, and every fault by its number in the file.

    Raises InputError for what is no TOML, or holds anything else.
    """
    try:
        found = tomllib.loads(text)
    except (
        ValueError,
        RecursionError,
    ) as error:  # a number of thousands of digits is a ValueError, not TOML's own
        raise InputError(f"subscribers.toml is no TOML: {error}") from error
    tables = found.pop("subscriber", [])
    if found or not isinstance(tables, list) or not all(isinstance(one, dict) for one in tables):
        raise InputError(
            f"subscribers.toml holds something else: {', '.join(sorted(found))[:200] or 'subscriber is no list of tables'}",
            advice="wanted: [[subscriber]] tables, each with an address",
        )
    return _entries([(f"subscriber {number}", table) for number, table in enumerate(tables, 1)])


def steps(
    entries: Sequence[Entry], present: Iterable[Subscriber]
) -> tuple[tuple[Step, ...], tuple[Fault, ...]]:
    """What it takes to make the database's subscriptions what the file says; who signed up otherwise is left alone.

    `present` are all subscriptions that have not ended. An entry for one that a command or a sign-up made is a fault.
    """
    by_key = {key_of(one.address, one.channel, one.wish.name): one for one in present}
    found, faults = [], []
    for entry in entries:
        known = by_key.pop(entry.key, None)
        if known is None:
            found.append(Step("add", entry, None))
        elif known.origin != "file":
            faults.append(
                Fault(entry.where, f"{known.label} is subscribed otherwise already: remove that first")
            )
        elif known.wish != entry.wish:
            found.append(Step("change", entry, known))
    left = (one for _, one in sorted(by_key.items()) if one.origin == "file")
    found += [Step("remove", None, one) for one in left]
    return tuple(found), tuple(faults)


def _entries(
    found: Iterable[tuple[str, Mapping[str, object]]],
) -> tuple[tuple[Entry, ...], tuple[Fault, ...]]:
    entries: dict[tuple[str, str, str], Entry] = {}
    faults = []
    for where, values in found:
        try:
            entry = _entry(where, values)
        except InputError as error:
            faults.append(Fault(where, f"{error}{f' ({error.advice})' if error.advice else ''}"))
            continue
        if (first := entries.get(entry.key)) is not None:
            faults.append(Fault(where, f"the same recipient as in {first.where}: give one of them a name"))
        else:
            entries[entry.key] = entry
    return tuple(entries.values()), tuple(faults)


def _entry(where: str, values: Mapping[str, object]) -> Entry:
    rest = dict(values)
    address, channel = rest.pop("address", None), rest.pop("channel", None) or "mail"
    if not isinstance(address, str) or not address or not isinstance(channel, str):
        raise InputError("no address")
    return Entry(where, check_address(channel, address), channel, read_wish(rest))


def _cell(value: object) -> str:
    text = (
        " ".join(map(str, value))
        if isinstance(value, list)
        else ("yes" if value else "no")
        if isinstance(value, bool)
        else ""
        if value is None
        else str(value)
    )
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "'") else text


def _unquoted(text: str) -> str:
    return text[1:] if text.startswith("'") else text
