"""Logs go to standard error: one event a line, for people or as JSON; never a secret, never a whole mail address."""

import json
import logging
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tracker.context import RUN
from tracker.model.instants import iso
from tracker.settings import Settings
from tracker.settings.values import DECLARED

_LARGEST = 65_536  # bytes of a secret's file
_STANDARD = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_ADDRESS = re.compile(r"\b([\w.+-])[\w.+-]*@([\w-]+\.[\w.-]+)")
_PLAIN = re.compile(r"[\w.:/+@*-]+\Z")


class Lines(logging.Formatter):
    """A record as one line. What a caller passes in `extra` are the event's fields."""

    def __init__(self, *, as_json: bool, secrets: tuple[str, ...] = ()) -> None:
        super().__init__()
        self._as_json = as_json
        self._secrets = tuple(secret for secret in secrets if secret)

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        event: dict[str, Any] = {
            "time": iso(datetime.fromtimestamp(record.created, UTC).replace(microsecond=0)),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
        }
        if run := RUN.get():
            event["run"] = run
        event |= {name: value for name, value in vars(record).items() if name not in _STANDARD}
        if record.exc_info:
            event["traceback"] = self.formatException(record.exc_info)
        event = {name: self._clean(value) for name, value in event.items()}
        if self._as_json:
            return json.dumps(event)  # in ASCII: U+2028 ends a line, too, for some
        said = _one_line(event.pop("event"))
        head = f"{event.pop('time')} {event.pop('level'):<7} {event.pop('logger')}: {said}"
        return " ".join([head, *(f"{name}={_word(value)}" for name, value in event.items())])

    def _clean(self, value: object) -> object:
        if isinstance(value, bool | int | float) or value is None:
            return value
        if isinstance(value, list | tuple | set | frozenset):
            return [self._clean(one) for one in value]
        text = str(value)
        for secret in self._secrets:
            text = text.replace(secret, "********")
        return _ADDRESS.sub(r"\1***@\2", text)


def _one_line(value: object) -> str:
    """Text that can't begin a line of its own, nor colour a terminal."""
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in str(value))


def _word(value: object) -> str:
    text = _one_line(value)
    return text if _PLAIN.match(text) else json.dumps(text, ensure_ascii=False)


def _secrets(settings: Settings) -> tuple[str, ...]:
    """Every secret of the settings: those that stand in one, and what the files hold that others name, where they can be read."""
    keys = [one.key for one in DECLARED.values() if one.secret]
    files = [settings.value(f"{key}_file") for key in keys if f"{key}_file" in DECLARED]
    return (*(str(settings.value(key) or "") for key in keys), *(_content(path) for path in files if path))


def _content(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_LARGEST).decode("utf-8", "replace").strip()
    except OSError:
        return ""  # whoever needs it says what is wrong


def set_up(settings: Settings, verbose: int = 0, default_level: str = "") -> None:
    """Send the records of this process to standard error. -v says more, -vv everything of ours."""
    level = settings.log.level
    if default_level and settings.origin("log.level").layer == "default":
        level = default_level
    if verbose:
        level = "info" if verbose == 1 else "debug"
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Lines(as_json=settings.log.format == "json", secrets=_secrets(settings)))
    root = logging.getLogger()
    root.handlers[:] = [one for one in root.handlers if not isinstance(one.formatter, Lines)] + [handler]
    root.setLevel(logging.WARNING)  # libraries: botocore's lower levels show what is signed
    logging.getLogger("tracker").setLevel(level.upper())
    logging.captureWarnings(capture=True)
