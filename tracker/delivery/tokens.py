"""Signed links: who holds one may do one thing to one subscription, until it ends. Nothing is kept of them.

Each purpose has its own salt, so that a link to confirm manages nothing. A link is bound to the subscription's own
token: where a recipient left and came back, the old links are dead.
"""

import hmac
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Literal

from itsdangerous import BadData, URLSafeSerializer

from tracker.delivery.subscription import Subscriber
from tracker.errors import InputError
from tracker.store.database import Database

Purpose = Literal["confirm", "manage", "undo"]
LIVES: dict[Purpose, timedelta] = {
    "confirm": timedelta(days=3),
    "manage": timedelta(days=1),
    "undo": timedelta(days=7),
}
_KEYS = "tokens.keys"  # in the table meta: a JSON list, the one that signs last
_LONGEST = 300  # characters; nobody's link of ours is longer, and a longer text is not read whole
_ADVICE = "ask for a new link on the subscription page"


@dataclass(frozen=True, slots=True)
class Told:
    """What a link says."""

    subscriber: int  # its number
    bound: str  # to its token


class Tokens:
    """Signs and reads links. Keys from the oldest to the one that signs: the older ones still read."""

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys or not all(len(key) >= 32 for key in keys):
            raise ValueError("links are signed by keys of 32 characters at least")
        self._keys = list(keys)

    def __repr__(self) -> str:
        return f"Tokens({len(self._keys)} keys)"

    def sign(self, purpose: Purpose, one: Subscriber, now: datetime) -> str:
        """A link's token, of letters, digits, '-', '_' and '.', for LIVES[purpose]."""
        ends = int((now + LIVES[purpose]).timestamp())
        return str(self._serializer(purpose).dumps([one.id, bound(one), ends]))

    def read(self, purpose: Purpose, token: str, now: datetime) -> Told:
        """What a token says. Raises InputError for one that is forged, cut off, of another purpose, or ended."""
        try:
            identity, binding, ends = self._serializer(purpose).loads(token[:_LONGEST])
        except (BadData, ValueError, TypeError) as error:
            raise InputError("this link is not valid", advice=_ADVICE) from error
        if now.timestamp() > ends:
            raise InputError("this link has ended", advice=_ADVICE)
        return Told(int(identity), str(binding))

    def pseudonym(self, text: str) -> str:
        """A name for an address or an origin that nobody can guess it from."""
        return hmac.new(self._keys[0].encode(), text.encode(), sha256).hexdigest()[:32]

    def _serializer(self, purpose: Purpose) -> URLSafeSerializer:
        return URLSafeSerializer(
            self._keys, salt=f"policy-tracker.{purpose}", signer_kwargs={"digest_method": sha256}
        )


def bound(one: Subscriber) -> str:
    """What binds a link to a subscription's present life."""
    return sha256(one.token.encode()).hexdigest()[:12]


def tokens(database: Database) -> Tokens:
    """The tracker's own; the first key is made when it is first asked for."""
    found = database.get_meta(_KEYS)
    if found is None:
        with database.writing() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO meta (key, value) VALUES (?, ?)",
                (_KEYS, json.dumps([secrets.token_urlsafe(32)])),
            )
        found = database.get_meta(_KEYS)
    return Tokens(json.loads(found or "[]"))


def replace_key(database: Database, keep: int = 1) -> None:
    """Sign with a new key from now on; of the older ones the last `keep` still read, so that links in the post work."""
    tokens(database)
    with database.writing() as connection:
        (found,) = connection.execute("SELECT value FROM meta WHERE key = ?", (_KEYS,)).fetchone()
        older = json.loads(found)
        kept = older[len(older) - keep :] if keep else []
        connection.execute(
            "UPDATE meta SET value = ? WHERE key = ?",
            (json.dumps([*kept, secrets.token_urlsafe(32)]), _KEYS),
        )
