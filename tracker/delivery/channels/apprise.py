"""A hundred other services through Apprise, an extra: `pip install 'policy-tracker[apprise]'`.

Apprise opens its own connections, so nothing that outgoing.py refuses is refused here: its addresses are the operator's.
"""

import logging

from tracker.delivery.channel import Parcel
from tracker.delivery.channels.sns import cut
from tracker.errors import RefusedError, SetupError

_BODY = 8_000  # bytes; each service cuts further as it must


class AppriseChannel:
    """A Channel that is any service that Apprise knows by the scheme of an address."""

    def probe(self, address: str) -> str:
        """Whether Apprise knows such an address; nobody is asked."""
        scheme = address.partition("://")[0]
        try:
            import apprise
        except ImportError as error:
            raise SetupError(
                "Apprise is not installed", advice="pip install 'policy-tracker[apprise]'"
            ) from error
        logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
        if not apprise.Apprise().add(address):
            raise RefusedError(f"Apprise does not know such an address: {scheme}://***", permanent=True)
        return f"Apprise knows {scheme}://***"

    def send(self, parcel: Parcel) -> str:
        """Notify one address. Apprise says only whether it went well. Raises SetupError where it isn't installed."""
        try:
            import apprise
        except ImportError as error:
            raise SetupError(
                "Apprise is not installed", advice="pip install 'policy-tracker[apprise]'; the messages wait"
            ) from error
        logging.getLogger("apprise").setLevel(
            logging.CRITICAL + 1
        )  # it logs addresses, and with them secrets
        service = apprise.Apprise()
        scheme = parcel.recipient.partition("://")[0]
        if not service.add(parcel.recipient):
            raise RefusedError(f"Apprise does not know such an address: {scheme}://***", permanent=True)
        kind = apprise.NotifyType.WARNING if parcel.message.urgent else apprise.NotifyType.INFO
        if not service.notify(
            title=parcel.message.subject,
            body=cut(parcel.message.text, _BODY),
            notify_type=kind,
            body_format=apprise.NotifyFormat.TEXT,
        ):
            raise RefusedError(f"Apprise could not notify {scheme}://***", permanent=False)
        return f"Apprise notified {scheme}://***"

    def close(self) -> None:
        """Nothing is kept open."""
