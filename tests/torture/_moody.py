"""A real SMTP server with moods: it answers 421, 450 and 550, hangs, and drops the line after DATA, each mail by dice."""

import asyncio
import logging
import random
import re
import ssl
from collections import Counter
from dataclasses import dataclass

from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.support.smtp_sink import Sink, transport

MOODS = ("calm", "421", "450", "550", "hangs", "drops")
_ID = re.compile(rb"^Message-ID: (<[^>]+>)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Taken:
    """A mail that the server has."""

    recipient: str
    message_id: str
    answered: bool  # False: the server hung, or dropped the line, in the place of an answer


class Moody(Sink):
    """The server. `taken` is in the order of arrival; `refused` counts answers of 550 by recipient and their runs."""

    def __init__(self, dice: random.Random, tls: ssl.SSLContext | None) -> None:
        super().__init__(starttls=tls)
        logging.getLogger("mail.log").setLevel(
            logging.CRITICAL
        )  # aiosmtpd tells of each line that a kill cut off
        self.mood = "calm"
        self.taken: list[Taken] = []
        self.refused: Counter[str] = Counter()
        self._dice = dice

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.mood == "421" and self._dice.random() < 0.2:
            self._loop.call_later(0.01, transport(server).abort)
            return "421 4.3.2 closing"
        if self.mood == "450" and self._dice.random() < 0.4:
            return "450 4.2.1 try again later"
        if self.mood == "550" and not address.startswith("operator") and self._dice.random() < 0.2:
            self.refused[address] += 1
            return "550 5.1.1 no such user here"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        found = _ID.search(envelope.content)
        assert found is not None
        mood = self.mood if self._dice.random() < 0.1 else "calm"
        [recipient] = envelope.rcpt_tos
        self.taken.append(Taken(recipient, found[1].decode(), mood not in ("hangs", "drops")))
        if mood == "hangs":
            await asyncio.sleep(3600)
        if mood == "drops":
            transport(server).abort()
            raise ConnectionResetError
        return "250 2.0.0 OK"
