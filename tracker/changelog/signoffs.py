"""Sign-offs as a table: CSV that no spreadsheet takes for a formula, Markdown, and the sentence of mails and pages."""

import csv
import io
from collections.abc import Sequence

from tracker.changelog.markdown import code, prose
from tracker.changelog.wording import count
from tracker.model.identity import VersionId
from tracker.model.instants import iso, words
from tracker.model.signoff import Pending, SignOff

COLUMNS = ("signed_at", "by", "policy", "from", "to", "change", "items", "ticket", "note", "sha256", "arn")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # https://owasp.org/www-community/attacks/CSV_Injection
_NAMED = 3


def csv_text(rows: Sequence[Sequence[str]], columns: Sequence[str]) -> str:
    """RFC 4180, and nothing in it is a formula: what could be one has an apostrophe before it."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(columns)
    writer.writerows([[_inert(cell) for cell in row] for row in rows])
    return file.getvalue()


def _inert(cell: str) -> str:
    return f"'{cell}" if cell.lstrip(" ").startswith(_FORMULA) else cell


def signoffs_csv(signed: Sequence[SignOff]) -> str:
    """Every sign-off as a row."""
    return csv_text(
        [
            (
                iso(one.signed_at), one.by, one.arn.name, version(one.from_version), version(one.to_version), one.change,
                "; ".join(one.items) or "all", one.ticket, one.note, one.sha256 or "", str(one.arn),
            )
            for one in signed
        ],
        COLUMNS,
    )  # fmt: skip


def signoffs_markdown(signed: Sequence[SignOff]) -> str:
    """Every sign-off as a row of a table."""
    if not signed:
        return "Nobody has signed for a change.\n"
    lines = [
        "| signed | by | policy | change | what | ticket | note |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    lines += [
        "| "
        + " | ".join((
            words(one.signed_at), prose(one.by), code(one.arn.name),
            f"{version(one.from_version)} to {version(one.to_version)} ({one.change})",
            ", ".join(map(code, one.items)) or "all", prose(one.ticket), prose(one.note),
        ))
        + " |"
        for one in signed
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def unsigned_markdown(pending: Sequence[Pending], history: int = 0) -> str:
    """What nobody has signed for, as a list. `history`: changes that no look saw, and that ask for no signature."""
    more = (
        f"{count(history, 'change', 'changes')} of this time came with history that was imported or shipped: "
        f"nobody looked then, and no signature is asked for.\n"
        if history
        else ""
    )
    if not pending:
        return more or "Every change of this time is signed for.\n"
    lines = ["## Not signed off", ""]
    lines += [
        f"- {code(one.row.arn.name)} {version(one.row.from_version)} to {version(one.row.to_version)}, seen "
        f"{words(one.row.observed_at)} ({one.row.id}): {prose(one.row.headline)}"
        + (f" {count(one.left, 'item', 'items')} of it left." if one.signed else "")
        for one in pending
    ]
    return "\n".join(lines) + "\n" + (f"\n{more}" if more else "")


def unsigned_sentence(pending: Sequence[Pending]) -> str:
    """`Not signed off yet: AWSSupportServiceRolePolicy v19 to v20, ... and 2 more.`; empty where nothing is left."""
    if not pending:
        return ""
    newest = sorted(pending, key=lambda one: (one.row.observed_at, one.row.id), reverse=True)
    named = "; ".join(map(_named, newest[:_NAMED]))
    more = len(newest) - _NAMED
    rest = f"; and {count(more, 'more change', 'more changes')}" if more > 0 else ""
    return f"Not signed off yet: {named}{rest}."


def _named(one: Pending) -> str:
    row = one.row
    part = f" ({count(one.left, 'item', 'items')} of it)" if one.signed else ""
    return f"{row.arn.name} {version(row.from_version)} to {version(row.to_version)}{part}"


def version(one: VersionId | None) -> str:
    """A version, or `none`."""
    return str(one) if one else "none"
