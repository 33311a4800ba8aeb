"""What a person does on the pages to a subscription: ask for one, confirm, change, pause, undo, end it.

Every function here that changes anything belongs behind a POST; `holder` is what a GET may call.
"""

import hmac
from datetime import timedelta
from typing import TYPE_CHECKING

from tracker.collaborators import Tracker
from tracker.delivery import letters
from tracker.delivery.addresses import checked_address, same_mailbox
from tracker.delivery.allowances import origin_of, take
from tracker.delivery.subscription import Subscriber
from tracker.delivery.tokens import Purpose, bound, tokens
from tracker.delivery.wish import Wish, in_words
from tracker.errors import InputError, SettingsError, TryLaterError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tracker.delivery.subscription import State
    from tracker.model.message import Message

FORGET_UNCONFIRMED = timedelta(days=7)


def request(tracker: Tracker, address: str, wish: Wish, origin: str, new_token: "Callable[[], str]") -> None:
    """Somebody at `origin` (a client's IP address) asks that an address be subscribed: it is mailed a link to confirm.

    Answers nothing, and the same, whether the address is unknown, waits for its confirmation, is subscribed (it is
    mailed a link to manage that), or was asked for too often today (nothing is sent). Raises InputError for what is no
    address, TryLaterError where this origin, or all together, asked too often; SettingsError without base_url.
    """
    recipient, now, signer = checked_address(address), tracker.clock(), tokens(tracker.database)
    _base(tracker)
    keys = {
        "origin": signer.pseudonym(f"origin {origin_of(origin)}"),
        "all": "all",
    }
    with tracker.database.writing() as connection:
        over = take(connection, keys, now)
        mine = {"address": signer.pseudonym(f"address {same_mailbox(recipient)}")}
        silent = not over and bool(take(connection, mine, now))
    if over:
        raise TryLaterError(
            "too many subscriptions were asked for", advice="try again in an hour, or write to the operator"
        )
    if silent:
        return
    tracker.subscribers.forget_unconfirmed(now - FORGET_UNCONFIRMED)
    one = tracker.subscribers.ask(recipient, wish, now, new_token())
    purpose: Purpose = "confirm" if one.state == "pending" else "manage"
    link = f"{_base(tracker)}/{purpose}/{signer.sign(purpose, one, now)}"
    letter = letters.confirm if purpose == "confirm" else letters.known
    message = letter(in_words(one.wish), link, f"{one.id}:{now.timestamp():.6f}")
    with tracker.database.transaction() as db:
        tracker.outbox.write_to(db, message, one.address, now)


def allow_preview(tracker: Tracker, origin: str) -> None:
    """Count one preview for an origin (a client's IP address). Raises TryLaterError where it asked too often."""
    signer = tokens(tracker.database)
    with tracker.database.writing() as connection:
        keys = {"preview": signer.pseudonym(f"preview {origin_of(origin)}")}
        over = take(connection, keys, tracker.clock())
    if over:
        raise TryLaterError("too many previews were asked for", advice="try again in a few minutes")


def holder(tracker: Tracker, purpose: Purpose, token: str) -> Subscriber:
    """The subscription that a link is about. Changes nothing. Raises InputError for a link that is not valid any more."""
    told = tokens(tracker.database).read(purpose, token, tracker.clock())
    found = [one for one in tracker.subscribers.all_of(str(told.subscriber)) if bound(one) == told.bound]
    if not found:
        raise InputError("this link has ended", advice="subscribe again")
    return found[0]


def leaver(tracker: Tracker, token: str) -> Subscriber:
    """The subscription that an unsubscribe link in a mail is about. Changes nothing. InputError where there is none."""
    for one in tracker.subscribers.all_of(token) if "@" not in token else ():
        # What else names a subscription (its number, the topic or the folder of another channel) is no secret.
        if hmac.compare_digest(one.token.encode(), token.encode("utf-8", "replace")):
            return one
    raise InputError(
        "there is no such subscription", advice="it may have ended already; nothing is sent then"
    )


def confirm(tracker: Tracker, token: str) -> Subscriber:
    """The recipient says yes: it is told from now on. Saying it again changes nothing."""
    return tracker.subscribers.confirm(holder(tracker, "confirm", token).id, tracker.clock())


def manage(tracker: Tracker, token: str, wish: Wish) -> Subscriber:
    """Let the subscription ask for something else."""
    return tracker.subscribers.change(str(holder(tracker, "manage", token).id), wish)


def one_click(tracker: Tracker, token: str) -> Subscriber:
    """The unsubscribe link of a mail, by one click (RFC 8058) or the button of its page: the subscription is paused.

    The address and the operator are mailed a link that undoes it for seven days: one reader of a shared address, or
    somebody with a forwarded mail, silences nobody unnoticed. A second click changes nothing and mails nobody.
    """
    one = leaver(tracker, token)
    if one.state != "active":
        return one
    now = tracker.clock()
    try:
        paused = tracker.subscribers.pause(str(one.id), now)
    except InputError:  # another click was first, between the question and now
        return leaver(tracker, token)
    link = f"{_base(tracker)}/undo/{tokens(tracker.database).sign('undo', paused, now)}"
    _tell(tracker, letters.paused(paused.label, link, f"{one.id}:{now.timestamp():.6f}"), one)
    return paused


def undo(tracker: Tracker, token: str) -> int:
    """End the pause that one click made; how many mails that were held back now go out. Again: nothing."""
    return _resumed(tracker, holder(tracker, "undo", token), ("paused",))


def pause(tracker: Tracker, token: str) -> Subscriber:
    """Hold mails back, by a link that was sent to the address to manage them. A second time changes nothing."""
    one = holder(tracker, "manage", token)
    try:
        return tracker.subscribers.pause(str(one.id), tracker.clock()) if one.state == "active" else one
    except InputError:  # another click was first
        return holder(tracker, "manage", token)


def resume(tracker: Tracker, token: str) -> int:
    """End a pause, or go on where mails had bounced; how many mails that were held back now go out."""
    return _resumed(tracker, holder(tracker, "manage", token), ("paused", "bounced"))


def _resumed(tracker: Tracker, one: Subscriber, states: "tuple[State, ...]") -> int:
    try:
        return tracker.subscribers.resume(str(one.id), tracker.clock()) if one.state in states else 0
    except InputError:  # another click was first
        return 0


def manage_link(tracker: Tracker, one: Subscriber) -> str:
    """A new link to manage a subscription, for somebody who has just shown that its mails reach him: the path alone."""
    return f"manage/{tokens(tracker.database).sign('manage', one, tracker.clock())}"


def leave(tracker: Tracker, token: str) -> int:
    """End a subscription by a link that was sent to its address to manage it; how many mails were taken back."""
    one, now = holder(tracker, "manage", token), tracker.clock()
    taken = tracker.subscribers.remove(str(one.id), now)
    _tell(tracker, letters.ended(one.label, f"{one.id}:{now.timestamp():.6f}"), one)
    return taken


def _tell(tracker: Tracker, message: "Message", one: Subscriber) -> None:
    now = tracker.clock()
    people = {(one.channel, one.address)} if one.channel in ("mail", "ses") else set()
    people |= {("mail", tracker.operator)} if tracker.operator else set()
    with tracker.database.transaction() as db:
        for channel, address in sorted(people):
            tracker.outbox.write_to(db, message, address, now, channel)


def _base(tracker: Tracker) -> str:
    if not tracker.link:
        raise SettingsError("base_url is not set: there are no pages that a link could lead to")
    return tracker.link.rstrip("/")
