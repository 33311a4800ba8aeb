"""What the pages of a subscription say: each method is a page asked for, or a button pressed, and answers with a page."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import wraps
from typing import Concatenate, ParamSpec

from fastapi import Response

from tracker import signup
from tracker.bootstrap import new_token
from tracker.changelog.site import SUBSCRIBE, Frame
from tracker.delivery.addresses import checked_address
from tracker.delivery.subscription import Subscriber
from tracker.delivery.wish import in_words
from tracker.errors import InputError, LockedError, TryLaterError
from tracker.web import wish_form
from tracker.web.previews import Preview, Previews
from tracker.web.shelf import Shelf
from tracker.web.wish_form import Filled, Typed, sentence

P = ParamSpec("P")
_HEADERS = {"cache-control": "no-store", "x-robots-tag": "noindex", "referrer-policy": "same-origin"}
_LONGEST_ADDRESS = 320  # characters, as typed
_NAMED = 8  # watched policies that the form names
_STATES = {
    "pending": "It waits for its confirmation.",
    "active": "",
    "paused": "It is paused: nothing is sent.",
    "bounced": "Nothing is sent, since mails came back.",
    "gone": "It has ended.",
}


@dataclass(frozen=True, slots=True)
class _Form:
    """The form as its page shows it."""

    filled: Filled
    address: str = ""
    preview: Preview | None = None
    trouble: str = ""  # why nothing was done, where no field is at fault; a sentence
    done: str = ""  # what was done; a sentence
    status: int = 200


def _linked(
    page: "Callable[Concatenate[Desk, str, P], Response]",
) -> "Callable[Concatenate[Desk, str, P], Response]":
    """A page that stands under a signed link: where that is not valid (any more) it says so, and nothing else."""

    @wraps(page)
    def linked(desk: "Desk", token: str, /, *args: P.args, **kwargs: P.kwargs) -> Response:
        try:
            return page(desk, token, *args, **kwargs)
        except InputError as error:
            return desk.no_link(error)

    return linked


class Desk:
    """Where subscriptions are asked for, changed and ended. `closed`: why nobody can ask for one; empty: anybody may."""

    def __init__(self, pages: Shelf, closed: str) -> None:
        self._pages = pages
        self._tracker = pages.tracker
        self._closed = closed
        self._previews = Previews(pages)

    # Asking for a subscription

    def form(self, query: Typed) -> Response:
        """The form, with what a link's query says filled in."""
        return self._subscribe(_Form(wish_form.empty(query)))

    def ask(self, typed: Typed, client: str) -> Response:
        """A button of the form: show what would have been sent, or ask for the mail with the link."""
        if self._closed:
            return self._subscribe(_Form(wish_form.empty({}), status=403))
        filled = wish_form.filled(typed)
        address = _last(typed, "address")[:_LONGEST_ADDRESS].strip()
        form = _Form(filled, address)
        if _last(typed, "do") != "subscribe":
            return self._subscribe(self._previewed(form, client))
        try:
            checked_address(address)
        except InputError as error:
            filled = replace(filled, faults={"address": sentence(error), **filled.faults})
        if filled.faults or filled.wish is None:
            return self._subscribe(replace(form, filled=filled, status=422))
        try:
            signup.request(self._tracker, address, filled.wish, client, new_token)
        except LockedError:
            raise
        except TryLaterError as error:
            return self._subscribe(replace(form, trouble=_told(error), status=429))
        return self._answer(
            "Look into your mailbox.",
            [
                f"A mail is on its way to {address}. It holds a link: open it within three days, and press the button there.",
                "Until you do, nothing else is sent. If no mail comes, look among the unwanted ones; an address is mailed three times a day at most.",
            ],
            facts=(("Asked for", in_words(filled.wish)),),
            path=SUBSCRIBE[1],
        )

    # Saying yes

    @_linked
    def confirm(self, token: str) -> Response:
        """The link of the mail: a button, and nothing that a link scanner could press."""
        one = signup.holder(self._tracker, "confirm", token)
        if one.state != "pending":
            return self._welcome(one)
        return self._answer(
            "Confirm the subscription?",
            [f"From then on mails go to {one.label}. Each has a link that ends it."],
            facts=(("Asked for", in_words(one.wish)),),
            button="Confirm",
        )

    @_linked
    def confirmed(self, token: str) -> Response:
        """The button."""
        return self._welcome(signup.confirm(self._tracker, token))

    def _welcome(self, one: Subscriber) -> Response:
        return self._answer(
            "You are subscribed." if one.state == "active" else "Your subscription.",
            [f"Mails about what changes go to {one.label}. {_STATES[one.state]}"],
            facts=(("Asked for", in_words(one.wish)),),
            links=(("Change, pause or end it", f"../{signup.manage_link(self._tracker, one)}"),),
        )

    # Changing it

    @_linked
    def manage(self, token: str) -> Response:
        """The form of a subscription that stands."""
        one = signup.holder(self._tracker, "manage", token)
        return self._managed(token, one, _Form(wish_form.of_wish(one.wish)))

    @_linked
    def managed(self, token: str, typed: Typed, client: str) -> Response:
        """A button of that form: preview, save, pause, resume, or leave."""
        one = signup.holder(self._tracker, "manage", token)
        what = _last(typed, "do")
        if what == "leave":
            signup.leave(self._tracker, token)
            return self._answer(
                "You are unsubscribed.",
                [f"Nothing more is sent to {one.label} but a mail that says so."],
                links=(("Subscribe again", "../subscribe"),),
            )
        if what == "pause":
            told = "Paused. What comes within seven days is kept, and sent if you go on before they are over."
            return self._managed(token, signup.pause(self._tracker, token), _as_it_is(one, told))
        if what == "resume":
            count = signup.resume(self._tracker, token)
            told = (
                "Going on."
                if not count
                else f"Going on: {count} held back {'mail is' if count == 1 else 'mails are'} sent now."
            )
            return self._managed(token, signup.holder(self._tracker, "manage", token), _as_it_is(one, told))
        form = _Form(wish_form.filled(typed))
        if what != "save":
            return self._managed(token, one, self._previewed(form, client))
        if form.filled.wish is None:
            return self._managed(token, one, replace(form, status=422))
        one = signup.manage(self._tracker, token, form.filled.wish)
        return self._managed(token, one, _as_it_is(one, "Saved."))

    # One click, and back

    @_linked
    def unsubscribe(self, token: str) -> Response:
        """The link at the foot of a mail: a button."""
        one = signup.leaver(self._tracker, token)
        if one.state != "active":
            return self._left(one)
        return self._answer(
            f"Send nothing more to {one.label}?",
            [
                "The subscription is paused at once. The address and the operator are told, and can undo that for seven days: where several people read one address, nobody silences it unnoticed."
            ],
            facts=(("It asks for", in_words(one.wish)),),
            button="Unsubscribe",
            links=(("Get other mails, or fewer", "../subscribe"),),
        )

    @_linked
    def unsubscribed(self, token: str) -> Response:
        """The button, or a mail program that pressed it for its user (RFC 8058)."""
        return self._left(signup.one_click(self._tracker, token))

    def _left(self, one: Subscriber) -> Response:
        if one.state == "paused":
            said = "It is paused. A mail to it and to the operator says so; its link undoes that within seven days."
        else:
            said = _STATES[one.state]
        return self._answer(f"Nothing more is sent to {one.label}.", [said])

    @_linked
    def undo(self, token: str) -> Response:
        """The link of the mail that says that somebody unsubscribed: a button."""
        one = signup.holder(self._tracker, "undo", token)
        if one.state != "paused":
            return self._going_on(one, 0)
        return self._answer(
            f"Go on sending to {one.label}?",
            ["Somebody pressed the unsubscribe link of one of its mails. What came meanwhile is sent, too."],
            facts=(("It asks for", in_words(one.wish)),),
            button="Undo",
        )

    @_linked
    def undone(self, token: str) -> Response:
        """The button."""
        count = signup.undo(self._tracker, token)
        return self._going_on(signup.holder(self._tracker, "undo", token), count)

    def _going_on(self, one: Subscriber, count: int) -> Response:
        if one.state != "active":
            return self._answer("Nothing was undone.", [_STATES[one.state]])
        held = f" {count} held back {'mail is' if count == 1 else 'mails are'} sent now." if count else ""
        return self._answer("It goes on.", [f"Mails go to {one.label}.{held}"])

    # What they share

    def no_link(self, error: InputError) -> Response:
        """A link that is not valid (any more)."""
        links = (("Subscribe, or have a link sent to manage a subscription", "../subscribe"),)
        return self._answer(sentence(InputError(str(error))), [sentence(InputError(error.advice))] if error.advice else [], links=links, status=404)  # fmt: skip

    def _previewed(self, form: _Form, client: str) -> _Form:
        if form.filled.wish is None:
            return replace(form, status=422)
        try:
            signup.allow_preview(self._tracker, client)
            return replace(form, preview=self._previews.of(form.filled.wish))
        except LockedError:
            raise
        except TryLaterError as error:
            return replace(form, trouble=_told(error), status=429)

    def _subscribe(self, form: _Form) -> Response:
        return self._rendered("subscribe", form, here="subscribe", closed=self._closed)

    def _managed(self, token: str, one: Subscriber, form: _Form) -> Response:
        return self._rendered(
            f"manage/{token}", form, here=token, closed="", one=one, asks=in_words(one.wish), standing=_STATES[one.state]
        )  # fmt: skip

    def _rendered(self, path: str, form: _Form, **values: object) -> Response:
        names = [one.name for one in self._pages.watched]
        given: Mapping[str, object] = {"one": None, "asks": "", "standing": "", **values}
        return self._response(
            "subscribe.html",
            path,
            form.status,
            form=form,
            labels=wish_form.LABELS,
            choices=wish_form.CHOICES,
            watched=names[:_NAMED],
            others=max(len(names) - _NAMED, 0),
            **given,
        )

    def _answer(
        self,
        title: str,
        said: Sequence[str],
        *,
        facts: Sequence[tuple[str, str]] = (),
        button: str = "",
        links: Sequence[tuple[str, str]] = (),
        status: int = 200,
        path: str = "link/token",
    ) -> Response:
        """A page of a sentence or two, and at most one button, which posts to the page's own address."""
        return self._response(
            "answer.html", path, status, title=title, said=[one.strip() for one in said], facts=facts, button=button, links=links
        )  # fmt: skip

    def _response(self, template: str, path: str, status: int, **values: object) -> Response:
        frame = Frame(path, SUBSCRIBE[0], referrer="same-origin")
        page = self._pages.render(template, frame, **values)
        headers = _HEADERS | ({"retry-after": "3600"} if status == 429 else {})
        return Response(page.body, status, headers, page.media_type)


def _as_it_is(one: Subscriber, done: str) -> _Form:
    return _Form(wish_form.of_wish(one.wish), done=done)


def _last(typed: Typed, name: str) -> str:
    return next(reversed(typed.get(name, ("",))), "")


def _told(error: TryLaterError) -> str:
    return sentence(InputError(str(error), advice=error.advice))
