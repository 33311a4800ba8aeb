"""DKIM (RFC 6376): a mail signed in the name of its sender's domain, by the extra `dkim`.

Both unsubscribe headers are under the signature, as RFC 8058 wants it, whether the mail has them or not, so that nobody
adds one on the way. Mail by Amazon SES is not signed here: SES puts a Message-ID of its own in, and signs itself.
"""

import re
from dataclasses import dataclass
from types import ModuleType

from tracker.errors import SettingsError, SetupError

# What a reader sees or a program acts on. The first twice: RFC 6376, 8.15 (a second From can't be added).
SIGNED = (
    "From", "From", "To", "Subject", "Subject", "Date", "Message-ID", "Reply-To", "In-Reply-To", "References",
    "MIME-Version", "Content-Type", "List-Id", "List-Unsubscribe", "List-Unsubscribe-Post", "Auto-Submitted",
    "Feedback-ID", "X-Policy-Tracker",
)  # fmt: skip
_LABEL = re.compile(r"[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True, repr=False)
class Signer:
    """Signs mails. Make it with `signer`."""

    domain: str
    selector: str
    key: bytes  # PEM, RSA

    def __repr__(self) -> str:
        return f"Signer({self.name})"

    @property
    def name(self) -> str:
        """Where the public key stands in DNS: `2026._domainkey.example.org`."""
        return f"{self.selector}._domainkey.{self.domain}"

    def sign(self, mail: bytes) -> bytes:
        """The mail with its signature in front. Not the same bytes at every attempt: a signature bears its time."""
        signature: bytes = _library().sign(
            mail,
            self.selector.encode(),
            self.domain.encode(),
            self.key,
            canonicalize=(b"relaxed", b"relaxed"),
            include_headers=[one.encode() for one in SIGNED],
        )
        return signature + mail


def signer(domain: str, selector: str, key: bytes) -> Signer:
    """A signer whose key was tried. Raises SettingsError where it can't sign, SetupError without the extra."""
    if not selector or not _LABEL.match(selector):
        raise SettingsError(
            f"mail.dkim_selector is no name for a key: {selector!r}",
            advice="the part before ._domainkey in the name of the DNS record, for instance '2026'",
        )
    if not domain or not _LABEL.match(domain):
        raise SettingsError(
            f"mail.dkim_domain is no domain: {domain!r}", advice="the domain of mail.sender, or one above it"
        )
    made = Signer(domain, selector, key)
    library = _library()
    try:
        made.sign(b"From: a@example.org\r\n\r\n")
    except (library.DKIMException, ValueError) as error:
        raise SettingsError(
            "mail.dkim_key_file holds no key that can sign",
            advice="wanted: an RSA key of 2048 bits in PEM form; openssl genrsa -out FILE 2048 makes one",
        ) from error
    return made


def _library() -> ModuleType:
    try:
        import dkim
    except ImportError as error:
        raise SetupError(
            "signing mails needs the extra 'dkim'",
            advice="pip install 'policy-tracker[dkim]'; the mails wait",
        ) from error
    module: ModuleType = dkim
    return module
