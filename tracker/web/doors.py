"""What may be done over the web beside reading, as the settings have it: sign up, report bounces, act as the operator."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tracker.bootstrap import report_intake
from tracker.settings import admin_token
from tracker.web.admin import Admin

if TYPE_CHECKING:
    from collections.abc import Callable

    from tracker.delivery.intake import Intake
    from tracker.settings import Settings


@dataclass(frozen=True, slots=True)
class Doors:
    """What is open beside reading; as it is made, nothing."""

    closed: str = (
        "Nobody can sign up on these pages."  # why nobody can; a sentence; empty: whoever reaches them may
    )
    intake: "Callable[[], Intake] | None" = None  # what takes in reports of bounces; None: nothing does
    admin: Admin | None = None  # None: nobody acts as the operator over the web


def doors_of(settings: "Settings") -> Doors:
    """What the settings open. Raises SettingsError for an admin token that is weak, or that others can read."""
    token = admin_token(settings)
    return Doors(
        closed=why_closed(settings),
        intake=(lambda: report_intake(settings)) if settings.channels.ses_topics else None,
        admin=Admin(token) if token else None,
    )


def why_closed(settings: "Settings") -> str:
    """Why nobody can sign up, in a sentence; empty where anybody may."""
    if settings.web.sign_up != "open":
        return "Sign-up is switched off here: whoever runs this tracker adds subscribers."
    missing = [
        key
        for key, value in (
            ("base_url", settings.base_url),
            ("mail.host", settings.mail.host),
            ("mail.sender", settings.mail.sender),
            ("mail.operator", settings.mail.operator),
        )
        if not value
    ]
    if missing:
        return f"Nobody can sign up before whoever runs this tracker has set {' and '.join(missing)}."
    return ""
