"""Mail addresses: checked before they are kept, in the form the wire takes, and masked for the log."""

import re
import unicodedata

from tracker.errors import InputError

_ADDRESS = re.compile(r"[^\s<>@,;:\"]+@[^\s<>@,;:\"']+")
_ANSWER_LENGTH = 500  # characters of a server's answer that are kept


def checked_address(text: str) -> str:
    """The address in its normal form: domain lower case, Unicode in NFC. Nobody is asked over the network.

    Raises InputError for what is no address, and for line breaks and control characters anywhere in it: they would end
    a header or an SMTP command early.
    """
    if any(unicodedata.category(sign)[0] == "C" for sign in text):
        raise InputError(
            f"not a mail address: {text!r:.200} has a line break or a control character in it",
            advice="write the address alone, like team@example.org",
        )
    from email_validator import EmailNotValidError, validate_email  # 20 ms that nothing else needs

    try:
        # test_environment lets the reserved domain `.test` pass; no name is looked up either way.
        return validate_email(text.strip(), check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError as error:
        raise InputError(
            f"not a mail address: {text!r:.200}: {error}",
            advice="write the address alone, like team@example.org",
        ) from error


def same_mailbox(address: str) -> str:
    """The key by which two addresses are one subscriber: case is ignored, in the local part too.

    RFC 5321 lets a host tell `Anna` from `anna`; hardly any does, and a mail that comes twice is the worse mistake.
    """
    return unicodedata.normalize("NFC", address).casefold()


def wire_form(address: str) -> tuple[str, bool]:
    """(the address as SMTP takes it, whether the server must speak SMTPUTF8) of a checked address.

    A domain in other letters becomes its ASCII form; a local part in other letters has none (RFC 6531).
    """
    if address.isascii():
        return address, False
    from email_validator import validate_email

    valid = validate_email(address, check_deliverability=False, test_environment=True)
    return (valid.ascii_email, False) if valid.ascii_email else (address, True)


def mask(address: str) -> str:
    """`anna@example.org` as `a***@example.org`: what a log may say of an address."""
    if "://" in address:  # the path of a webhook is its secret
        return f"{address.partition('://')[0]}://***"
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}***@{domain}" if domain and local else "***"


def shown(address: str) -> str:
    """An address as an operator is shown it: whole, but of a web address only the host; its path may be a secret."""
    if "://" not in address:
        return address
    scheme, _, rest = address.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}/***" if scheme in ("http", "https") else f"{scheme}://***"


def masked(text: str) -> str:
    """A text with every address in it masked: servers like to repeat the recipient."""
    return _ADDRESS.sub(lambda found: mask(found[0]), text)


def one_line(text: str) -> str:
    """A text fit for a header or a table: every control character and line break a space, none twice."""
    clean = "".join(" " if unicodedata.category(sign) in ("Cc", "Zl", "Zp") else sign for sign in text)
    return " ".join(clean.split())


def readable_answer(answer: bytes | str) -> str:
    """A server's answer as it is kept and shown: one line, no terminal escapes, of bounded length."""
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    return one_line(text)[:_ANSWER_LENGTH]
