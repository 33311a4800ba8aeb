"""The records of one CloudTrail log file, unpacked and parsed piece by piece: memory does not grow with the file.

A piece ends where a record seems to end. Whether it does is not guessed: the piece is parsed whole, and text that was cut
inside a record does not parse, so it is read on and tried again. Nothing in a record's own text can pass for a record.
"""

import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

import msgspec

from tracker.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is held, and how much is believed; all in bytes."""

    chunk: int = 1 << 18  # read, and unpacked, at once: what fits a core's own cache is parsed quickest
    piece: int = 64 << 20  # without the end of a record; CloudTrail's are 256 KB at most
    file: int = 1 << 30  # unpacked; CloudTrail's end at 50 MB


LIMITS = Limits()
_HEAD = re.compile(rb"\s*\{\s*\"Records\"\s*:\s*\[\s*")
_JOINT = b'},{"eventVersion"'  # between two records, as CloudTrail writes them


class Issuer(msgspec.Struct, gc=False):
    """userIdentity.sessionContext.sessionIssuer."""

    arn: str | None = None
    userName: str | None = None


class SessionContext(msgspec.Struct, gc=False):
    """userIdentity.sessionContext."""

    sessionIssuer: Issuer | None = None


class Identity(msgspec.Struct, gc=False):
    """userIdentity."""

    type: str | None = None
    invokedBy: str | None = None
    sessionContext: SessionContext | None = None


class Resource(msgspec.Struct, gc=False):
    """One of resources."""

    ARN: str | None = None


class Record(msgspec.Struct, gc=False):
    """One event. What is not named here is skipped while it is parsed, and never becomes a value."""

    eventID: str | None = None
    eventTime: str | None = None
    eventSource: str | None = None
    eventName: str | None = None
    awsRegion: str | None = None
    recipientAccountId: str | None = None
    errorCode: str | None = None
    userIdentity: Identity | None = None
    resources: list[Resource] | None = None


class _File(msgspec.Struct, gc=False):
    Records: list[Record]


class _RawFile(msgspec.Struct, gc=False):
    Records: list[msgspec.Raw]


_file, _list = msgspec.json.Decoder(_File), msgspec.json.Decoder(list[Record])
_raw_file, _raw_list = msgspec.json.Decoder(_RawFile), msgspec.json.Decoder(list[msgspec.Raw])
_one = msgspec.json.Decoder(Record)


def record_of(text: str) -> Record:
    """One event as its JSON text; an empty record where the text is no event as CloudTrail writes them."""
    found = _parsed(b"[" + text.encode("utf-8", "replace") + b"]")
    return found[0] if found is not None and len(found) == 1 else Record()


def settle_memory() -> None:
    """Have the C library keep what buffers are given back, rather than hand each to the system and fetch it anew.

    glibc learns from the first large piece that is freed (mallopt(3), M_MMAP_THRESHOLD): without it a gigabyte of logs costs
    half a million page faults, a third of the time. Elsewhere it does nothing.
    """
    bytes(16 << 20)


class Unreadable(InputError):  # noqa: N818 -- it is what the file is
    """A file that is no log file of CloudTrail, or not a whole one."""


def records(file: BinaryIO, *, packed: bool, limits: Limits = LIMITS) -> Iterator[list[Record]]:
    """The records of a file, some at a time, in order; an empty one for what is no event as CloudTrail writes them.

    Raises Unreadable where the file is cut off, damaged, far too large or no log file; what came before is then void.
    """
    held: list[bytes] = []  # what was unpacked and not parsed yet
    size, wanted, begun = 0, limits.chunk, False
    for chunk in _unpacked(file, limits) if packed else _plain(file, limits):
        held.append(chunk)
        size += len(chunk)
        if size > limits.piece:
            raise Unreadable(f"{limits.piece >> 20} MB without the end of a record that can be read")
        if size < wanted:
            continue
        if not begun:
            text = b"".join(held)
            head = _HEAD.match(text)
            if head is None:  # another writer's: parsed as a whole
                held, wanted = [text], limits.piece
                continue
            begun, held = True, [text[head.end() :]]
        cut = held[-1].rfind(_JOINT)
        found = None if cut < 0 else _parsed(b"".join((b"[", *held[:-1], held[-1][: cut + 1], b"]")))
        if found is None:
            wanted = 2 * size
        else:
            yield found
            held, wanted = [held[-1][cut + 2 :]], limits.chunk
        size = sum(map(len, held))
    yield _last(b"".join(held), begun=begun)


def _last(text: bytes, *, begun: bool) -> list[Record]:
    if not text.strip():
        raise Unreadable("it is empty")
    found = _parsed(b'{"Records":[' + text if begun else text, whole=True)
    if found is None:
        raise Unreadable("its JSON is cut off or damaged, or has no list of Records")
    return found


def _parsed(text: bytes, *, whole: bool = False) -> list[Record] | None:
    """Records of a list, or of a whole file; None where the text is not that."""
    try:
        return _file.decode(text).Records if whole else _list.decode(text)
    except msgspec.ValidationError:
        return _one_by_one(text, whole=whole)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _slowly(text, whole=whole)
    except RecursionError:
        return None


def _one_by_one(text: bytes, *, whole: bool) -> list[Record] | None:
    """Where some record has something else in a field that we read, the others are not lost with it."""
    try:
        raw = _raw_file.decode(text).Records if whole else _raw_list.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return [_either(_one.decode, one) for one in raw]


def _slowly(text: bytes, *, whole: bool) -> list[Record] | None:
    """What the quick parser refuses and JSON allows: half a surrogate pair, which a caller's own words may bring."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if whole:
        found = found.get("Records") if isinstance(found, dict) else None
    if not isinstance(found, list):
        return None
    return [_either(_convert, one) for one in found]


def _convert(value: Any) -> Record:
    return msgspec.convert(value, Record)


def _either(decode: "Callable[[Any], Record]", value: Any) -> Record:
    try:
        return decode(value)
    except (msgspec.ValidationError, UnicodeError):
        return Record()


def _plain(file: BinaryIO, limits: Limits) -> Iterator[bytes]:
    size = 0
    while chunk := file.read(limits.chunk):
        size += len(chunk)
        _bound(size, limits)
        yield chunk


def _unpacked(file: BinaryIO, limits: Limits) -> Iterator[bytes]:
    """The bytes that a gzip file holds, of all its members, never more than a chunk at once."""
    size, inner, chunk = 0, zlib.decompressobj(31), file.read(limits.chunk)
    if not chunk:
        raise Unreadable("it is empty")
    while True:
        try:
            out = inner.decompress(chunk, limits.chunk)
        except zlib.error as error:
            raise Unreadable(f"it is no gzip file, or a damaged one ({error})") from error
        size += len(out)
        _bound(size, limits)
        if out:
            yield out
        if inner.eof:
            chunk = inner.unused_data or file.read(limits.chunk)
            if not chunk:
                return
            inner = zlib.decompressobj(31)
            continue
        chunk = inner.unconsumed_tail or file.read(limits.chunk)
        if not chunk and not out:
            raise Unreadable("it is cut off")


def _bound(size: int, limits: Limits) -> None:
    if size > limits.file:
        raise Unreadable(
            f"it unpacks to more than {limits.file >> 20:,} MB, which no log file of CloudTrail does"
        )
