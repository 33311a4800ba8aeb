"""Amazon SES, API v2: the same mail as by SMTP, handed over as it is (raw), so that its headers stay ours.

https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html
"""

from typing import Any

from tracker.delivery.channel import Parcel
from tracker.delivery.channels.aws import AwsAccess, code_of, judged, response_of, who_we_are
from tracker.delivery.mail import letter
from tracker.delivery.smtp_settings import SmtpSettings
from tracker.errors import ChannelDownError, RefusedError, SetupError, TrackerError

# A person must act first: https://docs.aws.amazon.com/ses/latest/dg/monitor-sending-activity.html and the API's errors.
_SETUP = {
    "AccountSuspendedException": "the account may not send; look at the SES console",
    "SendingPausedException": "sending is paused; look at the SES console, and at the configuration set",
    "MailFromDomainNotVerifiedException": "verify the domain of mail.sender in SES",
    "NotFoundException": "make the configuration set, or set channels.ses_configuration_set right",
}


class SesChannel:
    """A Channel that is Amazon SES in one region."""

    def __init__(
        self, settings: SmtpSettings, access: AwsAccess, configuration_set: str = "", region: str = ""
    ) -> None:
        self._settings, self._access = settings, access
        self._set, self._region = configuration_set, region
        self._client: Any = None

    def send(self, parcel: Parcel) -> str:
        """Hand one mail over; the answer holds SES's id of it. Raises as `Channel` says."""
        mail = letter(parcel, self._settings)
        if mail.smtputf8:
            raise RefusedError(
                "Amazon SES takes no address with letters beyond ASCII before the @", permanent=True
            )
        if self._client is None:
            self._client = self._access.client("sesv2", self._region)
        more = {"ConfigurationSetName": self._set} if self._set else {}
        try:
            answer = self._client.send_email(
                Destination={"ToAddresses": [mail.recipient]}, Content={"Raw": {"Data": mail.data}}, **more
            )
        except Exception as error:
            raise self._judged(error, mail.recipient) from error
        return f"SES took it: {answer['MessageId']}"

    def probe(self, address: str) -> str:
        """Ask AWS whether the credentials are good, and send nothing."""
        return who_we_are(self._access, "Amazon SES", self._region)

    def close(self) -> None:
        """Let the connections go."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def _judged(self, error: Exception, recipient: str) -> TrackerError:
        code, said = code_of(error)
        text = f"Amazon SES answered {code}: {said}"
        if code in _SETUP:
            return SetupError(text, advice=f"{_SETUP[code]}; the mails wait")
        if code == "LimitExceededException" or "quota" in said.lower():
            return ChannelDownError(
                text,
                reached=False,
                advice="the day's quota is used up; the mails wait, see docs/channels/ses.md",
            )
        raw = str(response_of(error).get("Error", {}).get("Message", ""))
        if code == "MessageRejected" and "not verified" in raw:
            if recipient.casefold() in raw.casefold():
                return RefusedError(
                    f"{text} (this account's SES is in its sandbox)",
                    permanent=True,
                    advice="verify the recipient, or ask AWS to move the account out of the sandbox",
                )
            return SetupError(text, advice="verify mail.sender, or its domain, in SES; the mails wait")
        return judged(error, "Amazon SES", "ses:SendEmail and ses:SendRawEmail")
