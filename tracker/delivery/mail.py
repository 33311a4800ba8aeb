"""One mail for one message and one recipient: RFC 5322 headers before a MIME body that all recipients share.

The same message to the same recipient makes the same bytes at every attempt, Date and Message-ID included, so that a
server or a reader can tell a mail that came twice; only a DKIM signature bears the time at which it was made. Everything is 7-bit on the wire (quoted-printable), so that no
server needs 8BITMIME and nothing is recoded on its way.
"""

import html
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email.header import Header
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr, parseaddr
from functools import lru_cache
from hashlib import sha256
from urllib.parse import quote

from tracker.delivery.addresses import one_line, wire_form
from tracker.delivery.channel import Parcel
from tracker.delivery.smtp_settings import SmtpSettings
from tracker.errors import RefusedError, SettingsError
from tracker.model.instants import utc
from tracker.model.message import Attachment, Message

LIMIT = 100_000  # bytes of a whole mail as it is sent; Gmail clips at about 102 KB
_HEADERS = 4_000  # bytes of LIMIT that are left for the headers
# RFC 2045 allows a quoted-printable line 76 characters.
_MIME = SMTP.clone(max_line_length=76)


# In the column of the mail's own page, and in its colours, light or dark.
_FOOT = "max-width: 600px; margin: 0 auto; padding: 14px 20px 20px; font-size: 13px; opacity: 0.8"
_ROOM = 60  # characters of an address in a line of at most 76, whatever stands before it there
_NO_FIELDS = str.maketrans(": ", "--")  # Feedback-ID's fields are told apart by colons


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail ready for an SMTP transaction."""

    sender: str  # of the envelope: where bounces go
    recipient: str
    data: bytes  # headers and body, CRLF
    smtputf8: bool  # the server must speak SMTPUTF8 (RFC 6531)


def letter(parcel: Parcel, settings: SmtpSettings) -> Letter:
    """The mail of a parcel.

    Raises RefusedError, permanent, where even its text alone is too large for a mail; SettingsError without a sender.
    """
    message = parcel.message
    recipient, smtputf8 = wire_form(parcel.recipient)
    sender, operator, domain, always_smtputf8 = _ours(settings)

    lines = [
        f"Date: {format_datetime(utc(parcel.queued))}",
        f"From: {sender}",
        f"To: {recipient}",
        f"Reply-To: {operator}",
        f"Subject: {_encoded(one_line(message.subject), 'Subject')}",
        f"Message-ID: {message_id(message.changelog, parcel.recipient, domain)}",
        *_thread(message, domain),
        *(_list(parcel.token, operator, domain, settings.base_url) if parcel.token else ()),
        "Auto-Submitted: auto-generated",  # RFC 3834: no out-of-office answers, please
        "X-Auto-Response-Suppress: OOF, AutoReply",  # the same to Exchange; bounces are wanted
        "Precedence: bulk",
        *(["Importance: high"] if message.urgent else ()),
        *_what(message),
    ]
    head = "".join(f"{line}\r\n" for line in lines).encode("utf-8")
    page = _way_out(parcel.token, settings.base_url) if parcel.token else ""
    hole = _hash("way out", message.changelog, message.text) if page else ""
    data = head + _filled(_body(message, operator if parcel.token else "", hole), hole, page)
    if settings.signer is not None:
        data = settings.signer.sign(data)
    if len(data) > LIMIT:
        raise RefusedError(f"the mail would be {len(data)} bytes, more than {LIMIT}", permanent=True)
    return Letter(operator, recipient, data, smtputf8 or always_smtputf8)


@lru_cache(maxsize=4)
def _ours(settings: SmtpSettings) -> tuple[str, str, str, bool]:
    """(From, the operator's address, the domain for our ids, whether one of them needs SMTPUTF8)."""
    name, address = parseaddr(settings.sender)
    if not address:
        raise SettingsError("mail.sender is not set: a mail needs an address that it comes from")
    sender, sender_utf8 = wire_form(address)
    operator, operator_utf8 = wire_form(settings.operator or address)
    domain = wire_form("policy-tracker@" + address.rpartition("@")[2])[0].rpartition("@")[2]
    shown = formataddr((one_line(name), sender)) if sender.isascii() else sender
    return shown, operator, domain, sender_utf8 or operator_utf8


def own_domain(settings: SmtpSettings) -> str:
    """The domain that our Message-IDs end with. Raises SettingsError without a sender."""
    return _ours(settings)[2]


def message_id(changelog: str, recipient: str, domain: str) -> str:
    """`<hash@domain>`: the same for a changelog and a recipient for ever, and no address in clear."""
    return f"<{_hash(changelog, recipient)}@{domain}>"


def thread_id(thread: str, domain: str) -> str:
    """The id that every mail of a thread refers to. No mail bears it: all are siblings, whoever subscribed when."""
    return f"<thread.{_hash(thread)}@{domain}>"


def _thread(message: Message, domain: str) -> Iterator[str]:
    if message.thread:
        root = thread_id(message.thread, domain)
        yield f"In-Reply-To: {root}"
        yield f"References: {root}"


def _list(token: str, operator: str, domain: str, base_url: str | None) -> Iterator[str]:
    """RFC 2919, RFC 2369 and, where there is a page that takes the POST, RFC 8058.

    Written whole, never folded or encoded: Gmail doesn't see an encoded List-Unsubscribe.
    """
    yield f"List-Id: policy-tracker changelogs <policy-tracker.{domain}>"
    by_mail = f"<mailto:{quote(operator, safe='@')}?subject={quote(f'unsubscribe {token}')}>"
    if not base_url:
        yield f"List-Unsubscribe: {by_mail}"
        return
    page = _way_out(token, base_url)
    yield f"List-Unsubscribe: <{page}>, {by_mail}"
    if page.startswith("https://"):  # RFC 8058, 3.1: one-click needs https
        yield "List-Unsubscribe-Post: List-Unsubscribe=One-Click"


def _way_out(token: str, base_url: str | None) -> str:
    """The page on which a recipient leaves, or changes what it is sent; empty where no page is served."""
    return quote(f"{base_url.rstrip('/')}/unsubscribe/{token}", safe=":/[]%") if base_url else ""


def _filled(body: bytes, hole: str, page: str) -> bytes:
    """The body that all recipients share with one's own way out in its place."""
    return body.replace(hole.encode(), _quoted(page)) if hole else body


def _quoted(page: str) -> bytes:
    """An address, ASCII without a `=`, inside of a line of quoted-printable (RFC 2045, 6.7), folded with a soft break."""
    return "=\r\n".join(page[start : start + _ROOM] for start in range(0, len(page), _ROOM)).encode("ascii")


def _what(message: Message) -> Iterator[str]:
    """For filters: which policy, which versions."""
    if message.policy:
        policy, versions = (_encoded(one_line(text), "") for text in (message.policy, message.versions))
        yield f"X-Policy-Tracker: policy={policy}; versions={versions}"
        yield f"Feedback-ID: {policy}:{versions.translate(_NO_FIELDS)}:changelog:policy-tracker"


@lru_cache(maxsize=16)
def _encoded(text: str, name: str) -> str:
    """A header's text, by RFC 2047 where it must be.

    By email.header: EmailMessage of Python 3.11 loses characters of a long text that is not ASCII.
    """
    if name == "" and text.isascii():
        return text  # an identifier: never folded
    plain = text.isascii() and "=?" not in text
    return Header(text, "us-ascii" if plain else "utf-8", maxlinelen=76, header_name=name).encode(
        linesep="\r\n"
    )


@lru_cache(maxsize=4)
def _body(message: Message, operator: str, hole: str) -> bytes:
    """MIME headers, blank line and body. Rendered once for all recipients; cut down until it is under LIMIT.

    `hole`: stands where each recipient's own way out is put by `_filled`; empty: there is none.
    """
    leave = [f"To stop these mails, write to {operator}."] if operator else []
    if hole:  # at the beginning of a line, so that no soft break falls into it
        leave = [f"To stop these mails, write to {operator}, or open\n{hole}"]
    attachments = list(message.attachments)
    cut: list[str] = []
    while True:
        data = _mime(message, message.html, attachments, cut + leave, hole)
        if len(data) <= LIMIT - _HEADERS:
            return data
        if not attachments:
            break
        largest = max(attachments, key=lambda one: len(one.text))
        attachments.remove(largest)
        cut.append(
            f"{largest.filename} is not attached, to keep this mail under 100 KB: it stands in the tracker's folder."
        )
    cut.append("This is the text alone: with its HTML form the mail would be larger than 100 KB.")
    data = _mime(message, None, [], cut + leave, hole)
    if len(data) <= LIMIT - _HEADERS:
        return data
    raise RefusedError(
        f"the text of {message.changelog} alone makes a mail of {len(data)} bytes, more than {LIMIT}",
        permanent=True,
    )


def _mime(
    message: Message, page: str | None, attachments: Sequence[Attachment], notes: Sequence[str], hole: str
) -> bytes:
    mail = EmailMessage(policy=_MIME)
    text = "\n\n".join([message.text.rstrip("\n"), *notes]) + "\n"
    mail.set_content(text, subtype="plain", cte="quoted-printable")
    if page is not None:
        mail.add_alternative(_with_notes(page, notes, hole), subtype="html", cte="quoted-printable")
        mail.set_boundary(_boundary("a", message))
    for one in attachments:
        main, _, sub = one.media_type.partition("/")
        filename = one_line(one.filename)
        if main == "text":
            mail.add_attachment(one.text, subtype=sub, filename=filename, cte="quoted-printable")
        else:
            mail.add_attachment(one.text.encode(), maintype=main, subtype=sub, filename=filename)
    if attachments:
        mail.set_boundary(_boundary("m", message))
    return mail.as_bytes(policy=SMTP)


def _boundary(level: str, message: Message) -> str:
    """Always the same; `=_` can't stand in quoted-printable or base64, so no part can hold it."""
    return f"=_{level}_{_hash(message.changelog)}"


def _with_notes(page: str, notes: Sequence[str], hole: str) -> str:
    if not notes:
        return page
    paragraphs = "".join(f"<p>{html.escape(note)}</p>\n" for note in notes)
    if hole:  # lines of its own: what comes into the hole is longer
        paragraphs = paragraphs.replace(
            hole, f'<a style="color: inherit"\nhref="{hole}"\n>the page to unsubscribe</a>'
        )
    before, end, after = page.rpartition("</body>")
    foot = f'<div style="{_FOOT}">\n{paragraphs}</div>\n'
    return f"{before}{foot}{end}{after}" if end else page + foot


def _hash(*parts: str) -> str:
    return sha256("\0".join(parts).encode()).hexdigest()[:32]
