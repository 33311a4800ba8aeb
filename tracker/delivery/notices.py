"""Messages that are no changelog: to the operator about mails in trouble, and the test mail."""

import html
from collections.abc import Sequence
from datetime import datetime

from tracker.delivery.addresses import shown
from tracker.delivery.rows import Row
from tracker.model.instants import iso, words
from tracker.model.message import Message

_THREAD = "operator"  # one thread for all notices
_PREFIX = "operator/"  # of their ids; a changelog's id never looks so
_SHOWN = 100  # mails that one notice names


def is_notice(message: Message) -> bool:
    """Whether a message is about other mails. Trouble with such a one is told to nobody."""
    return message.changelog.startswith(_PREFIX)


def notice(rows: Sequence[Row], now: datetime) -> Message:
    """What the operator is told of mails that failed or are stuck. At least one row."""
    failed = [one for one in rows if one.state == "failed"]
    stuck = [one for one in rows if one.state != "failed"]
    counts = [
        f"{len(some)} {'mail' if len(some) == 1 else 'mails'} {what}"
        for some, what in ((failed, "failed"), (stuck, "stuck"))
        if some
    ]
    subject = f"policy-tracker: {', '.join(counts)}"
    paragraphs = [f"policy-tracker could not deliver what it should have ({', '.join(counts)})."]
    if failed:
        paragraphs.append("Given up, and not tried again until you say so:")
        paragraphs += _named(failed)
    if stuck:
        paragraphs.append("Put off for more than a day, and still tried:")
        paragraphs += _named(stuck)
    paragraphs.append(
        "'policy-tracker outbox list' shows them all; 'policy-tracker outbox retry' tries them again, "
        "and 'policy-tracker subscribers remove ADDRESS' unsubscribes an address that is no more."
    )
    identity = f"{_PREFIX}{iso(now)}-{rows[0].id}-{rows[-1].id}"
    return _plain(identity, _THREAD, subject, paragraphs)


def bounce_notice(gone: Sequence[tuple[str, str]], now: datetime) -> Message:
    """What the operator is told of subscriptions that bounced: (address, the last answer) of each, at least one."""
    count = f"{len(gone)} {'subscription' if len(gone) == 1 else 'subscriptions'}"
    paragraphs = [
        f"policy-tracker sends nothing more to {count}, since nothing arrives there, or somebody complained:",
        *(f"{shown(address)}\n{answer}" for address, answer in gone[:_SHOWN]),
        *([f"... and {len(gone) - _SHOWN} more"] if len(gone) > _SHOWN else []),
        "Once it is set right, 'policy-tracker subscribers resume' lets it go on.",
    ]
    identity = f"{_PREFIX}bounced-{iso(now)}-{len(gone)}"
    return _plain(identity, _THREAD, f"policy-tracker: {count} bounced", paragraphs)


def alarm_message(sentences: Sequence[str], now: datetime) -> Message:
    """What the operator is told where the tracker itself does not work. At least one sentence."""
    subject = "policy-tracker does not work: " + (
        sentences[0] if len(sentences) == 1 else f"{len(sentences)} troubles"
    )
    paragraphs = [
        *sentences,
        "'policy-tracker doctor' says what is wrong, 'policy-tracker outbox list' what waits.",
    ]
    return _plain(f"{_PREFIX}alarm-{iso(now)}", _THREAD, subject[:200], paragraphs)


def test_message(sender: str, now: datetime, identity: str) -> Message:
    """What `subscribers test` sends. `identity` is never the same twice."""
    return _plain(
        f"test/{identity}",
        "",
        "policy-tracker: a test mail, delivery works",
        [
            f"This mail was sent on {words(now)} from {sender} to see whether mail from policy-tracker arrives.",
            "It did. Changelogs come the same way; there is nothing to do.",
        ],
    )


def _named(rows: Sequence[Row]) -> list[str]:
    named = [
        f"No. {one.id} to {shown(one.recipient)}, queued {words(one.created)}, tried "
        f"{one.attempts} {'time' if one.attempts == 1 else 'times'}: {one.subject}\n{one.answer}"
        for one in rows[:_SHOWN]
    ]
    return named if len(rows) <= _SHOWN else [*named, f"... and {len(rows) - _SHOWN} more"]


def _plain(identity: str, thread: str, subject: str, paragraphs: Sequence[str]) -> Message:
    body = "\n".join(f"<p>{html.escape(one).replace(chr(10), '<br>')}</p>" for one in paragraphs)
    page = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="color-scheme" content="light dark"><title>{html.escape(subject)}</title></head>\n'
        '<body style="font-family: sans-serif; line-height: 1.5; overflow-wrap: anywhere; max-width: 600px; '
        f'margin: 0 auto; padding: 20px">\n{body}\n</body></html>\n'
    )
    return Message(identity, thread, "", "", subject, "\n\n".join(paragraphs) + "\n", page)
