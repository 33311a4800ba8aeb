"""What can carry a message: one small file a channel, and the registry that picks one for each recipient."""

from tracker.delivery.channels.addresses import CHANNELS, check_address

__all__ = ["CHANNELS", "check_address"]
