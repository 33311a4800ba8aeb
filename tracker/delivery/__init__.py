"""Finished messages to subscribers: who is subscribed, the outbox, and the channels that carry a message."""
