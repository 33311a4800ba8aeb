"""A connection to the mail server, ready for mail: greeted, encrypted, its certificate verified, logged in."""

import logging
import re
import smtplib
import socket
import ssl

from tracker.delivery.addresses import masked, readable_answer
from tracker.delivery.smtp_settings import SmtpSettings, require_safe_login
from tracker.errors import ChannelDownError, SetupError, TrackerError

log = logging.getLogger(__name__)

_ERRNO = re.compile(r"^\[Errno -?\d+\] ")
_WAITING = "the mails wait and are tried again; 'policy-tracker outbox list' shows them"


def open_line(settings: SmtpSettings) -> smtplib.SMTP:
    """Connect. Raises SetupError for what a person must set right, ChannelDownError for what may pass by itself."""
    require_safe_login(settings)
    context = _context(settings)
    line: smtplib.SMTP | None = None
    try:
        line = _connect(settings, context)
        line.ehlo_or_helo_if_needed()
        if settings.security == "starttls":
            _starttls(line, settings, context)
        if settings.username:
            _login(line, settings)
    except (OSError, UnicodeError, smtplib.SMTPException, SetupError) as error:
        if line is not None:
            line.close()
        raise _judged(error, settings) from error
    log.debug("connected to %s", settings.where)
    return line


def rehearse(line: smtplib.SMTP, settings: SmtpSettings) -> str:
    """Address a mail to the operator and take it back; what was found, in a clause.

    Raises SetupError where the server takes no such mail.
    """
    for step in ("MAIL FROM", "RCPT TO"):  # bounces go to the operator, so mails come from there
        code, answer = line.mail(settings.operator) if step == "MAIL FROM" else line.rcpt(settings.operator)
        if code not in (250, 251):
            raise SetupError(
                f"{settings.where} answered {code} {masked(readable_answer(answer))} to {step} of mail.operator",
                advice="look at mail.sender and mail.operator, and at whom the server takes mail from",
            )
    line.rset()
    return "would take a mail to the operator"


def hung_up(settings: SmtpSettings, error: Exception) -> ChannelDownError:
    """The error of a line that was lost in the middle."""
    return down(f"lost the line to {settings.where}: {text_of(error)}", reached=True)


def down(message: str, *, reached: bool) -> ChannelDownError:
    """A ChannelDownError with what happens to the mails."""
    return ChannelDownError(message, reached=reached, advice=_WAITING)


def text_of(error: BaseException) -> str:
    """What an error says, as one line and without the system's number for it; its name where it says nothing."""
    return readable_answer(_ERRNO.sub("", str(error))) or type(error).__name__


def _connect(settings: SmtpSettings, context: ssl.SSLContext | None) -> smtplib.SMTP:
    name = _own_name()
    if settings.security == "tls":
        return smtplib.SMTP_SSL(
            settings.host, settings.port, name, timeout=settings.timeout_s, context=context
        )
    return smtplib.SMTP(settings.host, settings.port, name, timeout=settings.timeout_s)


def _context(settings: SmtpSettings) -> ssl.SSLContext | None:
    if settings.security == "none":
        return None
    try:
        # Not smtplib's own default, which takes any certificate.
        return ssl.create_default_context(cafile=settings.ca_file)
    except OSError as error:  # ssl.SSLError is one too
        raise SetupError(
            f"ca_file {settings.ca_file} can't be used: {text_of(error)}",
            advice="name a file of certificates in PEM form",
        ) from error


def _own_name() -> str:
    """Our name for EHLO: the host's if it is a full one, else an address literal (RFC 5321, 4.1.3). DNS is not asked."""
    name = socket.gethostname()
    return name if "." in name and name.isascii() else "[127.0.0.1]"


def _starttls(line: smtplib.SMTP, settings: SmtpSettings, context: ssl.SSLContext | None) -> None:
    if not line.has_extn("starttls"):
        raise SetupError(
            f"{settings.where} offers no STARTTLS, and mail is not sent without it",
            advice="use security 'tls' (port 465), or 'none' where the line is safe by itself",
        )
    line.starttls(context=context)
    line.ehlo_or_helo_if_needed()


def _login(line: smtplib.SMTP, settings: SmtpSettings) -> None:
    try:
        line.login(settings.username, settings.password)
    except smtplib.SMTPServerDisconnected:
        raise
    except smtplib.SMTPAuthenticationError as error:
        if 400 <= error.smtp_code < 500:
            raise
        said = masked(readable_answer(error.smtp_error))
        raise SetupError(
            f"{settings.where} refused the login of {masked(settings.username)}: {error.smtp_code} {said}",
            advice="set username and password right; the mails wait",
        ) from error
    except (
        smtplib.SMTPException,
        UnicodeEncodeError,
    ) as error:  # no AUTH offered, none that we speak, not ASCII
        what = (
            "username and password must be ASCII" if isinstance(error, UnicodeError) else text_of(error)
        )  # the error's own text would hold them
        raise SetupError(
            f"can't log in at {settings.where}: {what}",
            advice="look at username, password and security; the mails wait",
        ) from error


def _judged(
    error: OSError | UnicodeError | smtplib.SMTPException | SetupError, settings: SmtpSettings
) -> TrackerError:
    where = settings.where
    if isinstance(error, SetupError):
        return error
    if isinstance(error, UnicodeError):
        return SetupError(f"not the name of a host: {settings.host!r}", advice="set the mail server's host")
    if isinstance(error, ssl.SSLCertVerificationError):
        return SetupError(
            f"the certificate of {where} can't be trusted: {error.verify_message}",
            advice="name the host as its certificate does; for an authority of your own set ca_file; the mails wait",
        )
    if isinstance(error, ssl.SSLError) and error.reason == "WRONG_VERSION_NUMBER":
        return SetupError(
            f"{where} does not speak TLS from the start",
            advice="use security 'starttls' there, or the server's port for TLS (465)",
        )
    if isinstance(error, smtplib.SMTPResponseException):
        said = f"{where} answered {error.smtp_code} {readable_answer(error.smtp_error)} before any mail"
        if error.smtp_code >= 500:
            return SetupError(
                said,
                advice="this server does not serve us: look at host, port and security; the mails wait",
            )
        return down(said, reached=False)
    return down(f"can't reach the mail server {where}: {text_of(error)}", reached=False)
