"""Documents that went wrong on the way: parsed or refused with a clear error, never a crash, never 'all revoked'."""

import json
import random
import time
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from tests.prove.evaluate import as_list
from tests.prove.generate import pair
from tests.prove.judge import CATALOGUE
from tracker.changes.compare import compare
from tracker.errors import DocumentError
from tracker.policy.document import Document
from tracker.policy.parse import canonical_text, parse_document

ROOT = Path(__file__).resolve().parents[2]
SLOW_S = 5.0  # of processor time for one document; a real one of 150 KB takes a millisecond
ODD = ("\x00", "\ud800", "\U0001f512", "‮", "é", "٣", "\\u0000", "\\ud800", '"', "\\", "\t", "%", "﻿", "*", "İ")
WRONG: tuple[Any, ...] = (None, True, 1, 1.5, [], {}, "", [[]], [None], {"a": 1}, ["*", None], -0.0, 10**400)


@cache
def _real() -> tuple[str, ...]:
    files = sorted((ROOT / "snapshots").rglob("*_v*.json"))
    return tuple(json.dumps(json.loads(path.read_text())["document"]) for path in files[::3])


def _cut(text: str, chance: random.Random) -> str:
    return text[: chance.randrange(len(text))]


def _flipped(text: str, chance: random.Random) -> str:
    at = chance.randrange(len(text))
    return text[:at] + chr(chance.randrange(1, 0x250)) + text[at + 1 :]


def _odd(text: str, chance: random.Random) -> str:
    at = chance.randrange(len(text))
    return text[:at] + chance.choice(ODD) + text[at:]


def _nested(text: str, chance: random.Random) -> str:
    depth = chance.choice((10, 40, 1_000, 100_000))
    inside = chance.choice(("[" * depth + "]" * depth, '{"a":' * depth + "1" + "}" * depth, "[" * depth))
    return text.replace('"*"', inside, 1) if chance.random() < 0.5 else inside


def _giant(text: str, chance: random.Random) -> str:
    long = "s3:" + "a*?b"[chance.randrange(4)] * chance.choice((1_000, 20_000, 400_000, 10_000_000))
    return (
        text.replace('"*"', json.dumps(long), 1) if chance.random() < 0.5 else json.dumps({"Statement": long})
    )


def _twice(text: str, chance: random.Random) -> str:
    key = chance.choice(("Effect", "Action", "Resource", "Statement", "Version"))
    return text.replace(f'"{key}":', f'"{key}": "s3:GetObject", "{key}":', 1)


def _wrong(text: str, chance: random.Random) -> str:
    value = json.loads(text)
    holder = chance.choice([value, *[one for one in as_list(value["Statement"]) if isinstance(one, dict)]])
    holder[chance.choice([*sorted(holder), "Condition", "Principal", "Extra"])] = chance.choice(WRONG)
    return json.dumps(value)


def _spliced(text: str, chance: random.Random) -> str:
    start, end = sorted((chance.randrange(len(text)), chance.randrange(len(text))))
    return text[:start] + text[end:]


def _encoded(text: str, chance: random.Random) -> str:
    whole = "".join(f"%{byte:02X}" for byte in text.encode())
    return whole if chance.random() < 0.3 else whole[: chance.randrange(len(whole))]


MUTATIONS: tuple[Callable[[str, random.Random], str], ...] = (
    _cut, _flipped, _odd, _nested, _giant, _twice, _wrong, _spliced, _encoded,
)  # fmt: skip


def fuzzed(first: int, count: int) -> tuple[list[str], Counter[str]]:
    """Mutate and read so many documents; what went wrong, and how the others ended."""
    wrong: list[str] = []
    outcomes: Counter[str] = Counter()
    for seed in range(first, first + count):
        chance = random.Random(f"fuzz {seed}")
        source = chance.choice(_real()) if chance.random() < 0.1 else json.dumps(pair(seed)[0])
        mutation = chance.choice(MUTATIONS)
        text = mutation(source, chance)
        began = time.thread_time()
        problem, outcome = _read(source, text)
        took = time.thread_time() - began
        outcomes[outcome] += 1
        if took > SLOW_S:
            problem = problem or f"took {took:.1f} s"
        if problem:
            wrong.append(f"seed {seed}, {mutation.__name__}: {problem}")
    return wrong, outcomes


def _read(source: str, text: str) -> tuple[str, str]:
    """(what is wrong, how it ended)"""
    try:
        document = parse_document(text, what="Fuzzed v1")
        canonical_text(text, what="Fuzzed v1").encode()
    except DocumentError as error:
        clear = str(error).startswith("Fuzzed v1: ") and len(str(error)) < 500 and bool(error.advice)
        return ("" if clear else f"refused unclearly: {str(error)[:200]}"), "refused"
    except Exception as error:
        return f"{type(error).__name__}: {error}"[:200], "crashed"
    problem = _kept(text, document)
    if not problem and len(text) < 20_000:
        compare(parse_document(source, what="source"), document, CATALOGUE)
    return problem, "read"


def _kept(text: str, document: Document) -> str:
    """Whether everything that the text says is in the document: nothing may be lost on the way."""
    plain = text if text.lstrip().startswith("{") else bytes.fromhex(text.replace("%", "")).decode()
    said = [
        (one["Effect"], sorted(as_list(one.get("Action", one.get("NotAction")))))
        for one in as_list(json.loads(plain)["Statement"])
    ]
    kept = [(one.effect, sorted(one.listed)) for one in document.statements]
    return "" if said == kept else "a statement or an action was lost"
