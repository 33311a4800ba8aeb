"""The short mails about a subscription itself: please confirm, you are subscribed, it was paused."""

from html import escape

from tracker.model.message import Message


def confirm(asked: str, link: str, ident: str) -> Message:
    """To an address that was entered on the page: it hears nothing more unless it says yes."""
    return _letter(
        f"confirm:{ident}",
        "Please confirm your subscription",
        [
            "Somebody, perhaps you, entered this address to be told what changes in AWS managed policies.",
            f"What was asked for: {asked}.",
            "To confirm, open this link within three days and press the button there:",
            link,
            "If it wasn't you, do nothing: without a confirmation nothing more is sent.",
        ],
        link,
    )


def known(asked: str, link: str, ident: str) -> Message:
    """To an address that was entered on the page and is subscribed already."""
    return _letter(
        f"known:{ident}",
        "Your subscription",
        [
            "Somebody, perhaps you, entered this address to be told what changes in AWS managed policies.",
            f"It is subscribed already: {asked}. Nothing was changed.",
            "To change or end that, open this link within a day:",
            link,
        ],
        link,
    )


def paused(label: str, link: str, ident: str) -> Message:
    """To a recipient that was paused by one click, and to the operator."""
    return _letter(
        f"paused:{ident}",
        f"Paused: {label}",
        [
            f"The subscription of {label} was paused by the unsubscribe link of one of its mails.",
            "Where several people read this address, one of them did that for all, or somebody to whom a mail was forwarded.",
            "To undo it, open this link within seven days and press the button there; what came meanwhile is then sent:",
            link,
        ],
        link,
    )


def ended(label: str, ident: str) -> Message:
    """To a recipient that left, and to the operator."""
    return _letter(
        f"ended:{ident}",
        f"Unsubscribed: {label}",
        [f"The subscription of {label} was ended, by a link that was sent to that address."],
        "",
    )


def _letter(ident: str, subject: str, paragraphs: list[str], link: str) -> Message:
    shown = [
        f'<p><a href="{escape(link)}">{escape(link)}</a></p>' if one == link else f"<p>{escape(one)}</p>"
        for one in paragraphs
    ]
    html = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{escape(subject)}</title></head>\n"
        '<body style="font-family: sans-serif; line-height: 1.5; overflow-wrap: anywhere; max-width: 600px; margin: 0 auto; padding: 20px">\n'
        + "\n".join(shown)
        + "\n</body></html>\n"
    )
    return Message(ident, "subscription", "", "", subject, "\n\n".join(paragraphs) + "\n", html)
