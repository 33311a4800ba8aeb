"""Mail over SMTP: one transaction a recipient on a line that stays open for a batch, every answer judged.

The verdicts: 4xx means later, 5xx means never for this recipient, a lost line or 421 means later for everybody, and what
refuses us as a sender (530, a refused MAIL FROM) is a person's to set right. Each mail has one recipient, so no answer
is ever partial.
"""

import logging
import smtplib
from typing import NoReturn

from tracker.delivery.addresses import mask, masked, readable_answer
from tracker.delivery.channel import Parcel
from tracker.delivery.mail import Letter, letter
from tracker.delivery.smtp_line import down, hung_up, open_line
from tracker.delivery.smtp_settings import SmtpSettings, require_addresses, require_safe_login
from tracker.errors import ChannelDownError, RefusedError, SetupError

__all__ = ["SmtpChannel", "SmtpSettings", "require_addresses", "require_safe_login"]

log = logging.getLogger(__name__)

# RFC 4954: the server wants a login, or another one, before it takes anything.
_LOGIN_WANTED = {530, 534, 535, 538}
# RFC 1870: in answer to MAIL it concerns the size of this message, not the sender.
_TOO_LARGE = 552


class SmtpChannel:
    """A Channel that is an SMTP server, connected when first needed and again where the line was lost."""

    def __init__(self, settings: SmtpSettings) -> None:
        self._settings = settings
        self._line: smtplib.SMTP | None = None

    def __enter__(self) -> "SmtpChannel":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def send(self, parcel: Parcel) -> str:
        """Hand one mail over and return the server's answer. Raises as `Channel` says."""
        mail = letter(parcel, self._settings)
        try:
            line = self._announce(mail)
            answer = self._hand_over(line, mail)
        except smtplib.SMTPServerDisconnected as error:
            self._drop()
            raise hung_up(self._settings, error) from error
        except RefusedError:
            self._reset()
            raise
        except BaseException:
            self._drop()  # nobody knows where the dialogue stands
            raise
        log.debug("mail to %s accepted: %s", mask(mail.recipient), masked(answer))
        return answer

    def close(self) -> None:
        """Say QUIT, if anybody listens."""
        line, self._line = self._line, None
        if line is not None:
            try:
                line.quit()
            except (smtplib.SMTPException, OSError):
                line.close()

    def _announce(self, mail: Letter) -> smtplib.SMTP:
        """MAIL FROM. A server may end an idle line whenever it likes: where one was kept, ask once more on a new one."""
        if self._line is not None:
            try:
                self._mail_from(self._line, mail)
            except (smtplib.SMTPServerDisconnected, ChannelDownError):
                self._drop()
            else:
                return self._line
        self._line = open_line(self._settings)
        self._mail_from(self._line, mail)
        return self._line

    def _mail_from(self, line: smtplib.SMTP, mail: Letter) -> None:
        options = [f"SIZE={len(mail.data)}"] if line.has_extn("size") else []
        if mail.smtputf8:
            if not line.has_extn("smtputf8"):
                raise RefusedError(
                    f"{self._settings.where} does not take addresses with letters beyond ASCII before the @ (SMTPUTF8)",
                    permanent=True,
                )
            options.append("SMTPUTF8")
        code, answer = line.mail(mail.sender, options)
        if code != 250:
            self._judge("MAIL FROM", code, answer)

    def _hand_over(self, line: smtplib.SMTP, mail: Letter) -> str:
        code, answer = line.rcpt(mail.recipient)
        if code not in (250, 251):
            self._judge("RCPT TO", code, answer)
        try:
            code, answer = line.data(mail.data)
        except smtplib.SMTPDataError as error:
            self._judge("DATA", error.smtp_code, error.smtp_error)
        if code != 250:
            self._judge("the mail itself", code, answer)
        return f"{code} {readable_answer(answer)}"

    def _judge(self, step: str, code: int, answer: bytes | str) -> NoReturn:
        said = f"{self._settings.where} answered {code} {readable_answer(answer)} to {step}"
        if code == 421 or not 400 <= code <= 599:
            raise down(said, reached=True)
        if code in _LOGIN_WANTED or (step == "MAIL FROM" and 500 <= code != _TOO_LARGE):
            raise SetupError(
                said,
                advice="the server refuses us, not a recipient: look at sender, operator, username and password; the mails wait",
            )
        raise RefusedError(said, permanent=code >= 500)

    def _reset(self) -> None:
        try:
            code = self._line.rset()[0] if self._line else 0
        except (smtplib.SMTPException, OSError):
            code = 0
        if code != 250:
            self._drop()

    def _drop(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            line.close()
