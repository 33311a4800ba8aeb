"""A finished message: rendered, addressed to nobody yet."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that travels with a message."""

    filename: str
    media_type: str  # 'text/markdown', 'text/html'
    text: str


@dataclass(frozen=True, slots=True)
class Form:
    """The same message as one kind of channel takes it."""

    name: str  # 'json', 'slack', 'teams', 'md'
    text: str


@dataclass(frozen=True, slots=True)
class Message:
    """A changelog as every recipient of it gets it; headers that differ by recipient are delivery's to add."""

    changelog: str  # stable id of the change or period: with the recipient it is unique in the outbox
    thread: str  # one thread a policy: its ARN
    policy: str  # the policy's name
    versions: str  # 'v57..v59', or '2021-12'
    subject: str  # one line
    text: str
    html: str
    attachments: tuple[Attachment, ...] = ()
    urgent: bool = False
    forms: tuple[Form, ...] = ()  # for channels that are not mail

    def form(self, name: str) -> str:
        """The message in this form; empty where it has none."""
        return next((one.text for one in self.forms if one.name == name), "")
