"""A git archive of the shape and size of the public one, made from the bundle of real history.

The public archive has 1,645 policies, 7,900 commits, 12,638 blobs and 5,727 distinct versions. The 69 policies of the
bundle go in as they are; the others are cut from their documents: the same statements, fewer of them, in the sizes
that AWS's policies have. The same numbers give the same bytes, commit ids included.
"""

import bisect
import hashlib
import json
import math
import os
import random
import shutil
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any

from tests.support import history

POLICIES, COMMITS, ROWS, VERSIONS = 1_645, 7_900, 12_638, 5_727
BEGIN, END = datetime(2019, 2, 11, tzinfo=UTC), datetime(2024, 12, 30, tzinfo=UTC)
# Every file was rewritten at once twice: with another spelling of the dates, and with the old one again.
REWRITTEN = (datetime(2024, 5, 13, 14, 30, 16, tzinfo=UTC), datetime(2024, 9, 18, 10, 6, 56, tzinfo=UTC))
# Of the 1,582 policies in moto 5.2.5: compact JSON of 0.7 KB in the middle, 2.1 KB on average, 6.5 KB at 95 %.
MEDIAN_BYTES, SPREAD = 850, 1.35
# Of 1,523 real policies 44 have a Deny, 13 a NotAction, and 4 name `*`: so many of the cut ones may.
ODD_ONES = 0.05
# So many instants for the commits to fall on that about the wanted number of them is used.
INSTANTS = 21_000
Document = dict[str, Any]


@dataclass(slots=True)
class _Archive:
    """What the repository is to hold: path -> (when, content); None removes the file."""

    rows: dict[datetime, dict[str, bytes | None]] = field(default_factory=lambda: defaultdict(dict))

    def put(self, path: str, when: datetime, content: bytes | None) -> None:
        self.rows[when][path] = content


def made(times: float = 1) -> Path:
    """The bare repository, `times` the size (a fifth at least), made once a machine; some 30 s a time."""
    if why := history.missing():
        raise SystemExit(f"this benchmark is made from real history: {why}")
    name = hashlib.sha256(Path(__file__).read_bytes() + history.BUNDLE.read_bytes()).hexdigest()[:12]
    place = Path(tempfile.gettempdir()) / f"policy-tracker-archive-{os.getuid()}-{name}-{times:g}"
    if not place.exists():
        fresh = Path(tempfile.mkdtemp(prefix=f"{place.name}."))
        _build(fresh, times)
        try:
            fresh.rename(place)
        except OSError:  # another process was first, and made the same
            shutil.rmtree(fresh)
    return place


def _build(place: Path, times: float) -> None:
    archive = _Archive()
    _real(archive)
    chance = random.Random(20_190_210)
    sources = [history.raw(name) for name in history.policies()]
    documents = [_documents(one) for one in sources]
    pool = sorted({name for each in documents for one in each for name in _actions(one)})
    moments = _moments(chance, times)
    count = round(POLICIES * times) - len(sources)
    versions = _shares(chance, round(VERSIONS * times) - 428, count)
    # What is left of the rows after the versions and the two great rewritings: smaller rewritings.
    spare = round(ROWS * times) - 727 - sum(versions) - 2 * count
    for number, many in enumerate(versions):
        again = spare * (number + 1) // count - spare * number // count
        _policy(archive, chance, number, many, max(0, again), documents, pool, moments)
    _import(place, archive)


def _real(archive: _Archive) -> None:
    for name in history.policies():
        for committed, content in history.raw(name):
            archive.put(f"policies/{name}", committed.seen_at, content)


def _documents(raw: Sequence[tuple[history.Committed, bytes]]) -> list[Document]:
    found: dict[str, Document] = {}
    for _, content in raw:
        try:
            answer = json.loads(content)["PolicyVersion"]
        except ValueError:
            continue
        found.setdefault(json.dumps(answer["Document"], sort_keys=True), answer["Document"])
    return list(found.values())


def _moments(chance: random.Random, times: float) -> list[datetime]:
    """When something was seen to change, beside the moments of the real history."""
    seconds = int((END - BEGIN).total_seconds())
    return sorted(
        BEGIN + timedelta(seconds=second) for second in chance.sample(range(seconds), round(INSTANTS * times))
    )


def _shares(chance: random.Random, total: int, count: int) -> list[int]:
    """How many versions each policy has: at least one, most few, some many, `total` together."""
    weights = [math.exp(chance.gauss(0, 1.1)) for _ in range(count)]
    whole = sum(weights)
    shares = [1 + int((total - count) * weight / whole) for weight in weights]
    for number in range(total - sum(shares)):
        shares[number % count] += 1
    return shares


def _policy(
    archive: _Archive,
    chance: random.Random,
    number: int,
    versions: int,
    again: int,
    sources: list[list[Document]],
    pool: list[str],
    moments: list[datetime],
) -> None:
    """One policy's file through the years."""
    name = f"AWSPolicy{number:05}{chance.choice(('FullAccess', 'ReadOnlyAccess', 'ServiceRolePolicy'))}"
    path = f"policies/{name}"
    target = MEDIAN_BYTES * math.exp(chance.gauss(0, SPREAD))
    large_enough = [one for one in sources if len(json.dumps(one[-1])) >= target and _usual(one[-1])]
    documents = chance.choice(large_enough if chance.random() > ODD_ONES and large_enough else sources)
    seen = sorted(chance.sample(moments, versions + again))
    published = sorted(chance.sample(seen, versions))
    chosen = _cut(chance, documents, pool, target, versions)
    ids = _ids(chance, versions)
    answers: list[tuple[datetime, bytes]] = []
    current = -1
    for moment in seen:
        if moment in published:
            current = published.index(moment)
        if current < 0:  # it was rewritten before it was made: then it was made now
            current = 0
            published[0] = moment
        date = published[current] - timedelta(seconds=300 + 7 * (number % 1_000))
        answers.append((moment, _answer(ids[current], date, chosen[current], style=len(answers) % 6)))
    _warts(archive, chance, number, path, answers)
    last = [content for moment, content in answers]
    for rewritten in REWRITTEN:
        if answers[0][0] < rewritten and last:
            then = [content for moment, content in answers if moment < rewritten][-1]
            archive.put(path, rewritten, _respelt(then, offset=rewritten is REWRITTEN[0]))


def _warts(
    archive: _Archive, chance: random.Random, number: int, path: str, answers: list[tuple[datetime, bytes]]
) -> None:
    """Write the answers, with what goes wrong in the wild: as often as in the bundle, or a little more."""
    for at, (moment, content) in enumerate(answers):
        archive.put(path, moment, content)
        if at and chance.random() < 0.02:  # an answer of yesterday, of which IAM says that it is not in force
            stale = answers[at - 1][1].replace(b'"IsDefaultVersion": true', b'"IsDefaultVersion": false')
            archive.put(path, moment - timedelta(minutes=30), stale)
        if chance.random() < 0.002:
            archive.put(path, moment + timedelta(minutes=7), content[: chance.choice((0, len(content) // 2))])
            archive.put(path, moment + timedelta(minutes=47), content)
        if at and chance.random() < 0.003:  # the default goes back, and forward again
            archive.put(path, moment + timedelta(hours=9), answers[at - 1][1])
            archive.put(path, moment + timedelta(days=3), content)
    if number % 97 == 5:
        archive.put(path, answers[-1][0] + timedelta(days=2), None)
        if number % 2:
            archive.put(path, answers[-1][0] + timedelta(days=40), answers[-1][1])


def _ids(chance: random.Random, versions: int) -> list[int]:
    """Version ids, some of them skipped; a policy in a hundred starts over."""
    ids, current = [], 0
    for number in range(versions):
        current += 1 if chance.random() < 0.92 else chance.randrange(2, 4)
        if number and chance.random() < 0.002:
            current = 1
        ids.append(current)
    return ids


def _cut(
    chance: random.Random, documents: list[Document], pool: list[str], target: float, versions: int
) -> list[Document]:
    """Documents of about the wanted size, each an edit of the one before it; now and then none at all."""
    begin = chance.randrange(len(documents))
    base = documents[begin]
    whole = len(json.dumps(base))
    part = min(1.0, target / whole)
    kept, found = _sample(chance, base, part), []
    for number in range(versions):
        if number and chance.random() < 0.97:
            kept = _edited(chance, kept, pool)
        found.append(kept)
    return found


def _usual(document: Document) -> bool:
    """Allows what it names, as most do."""
    statements = _listed(document["Statement"])
    return all(one["Effect"] == "Allow" and "*" not in _listed(one.get("Action", "*")) for one in statements)


def _actions(document: Document) -> list[str]:
    return [name for one in _listed(document["Statement"]) for name in _listed(one.get("Action", []))]


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _sample(chance: random.Random, document: Document, part: float) -> Document:
    statements = []
    for statement in _listed(document["Statement"]):
        cut = dict(statement)
        for key in ("Action", "NotAction"):
            if isinstance(cut.get(key), list) and len(cut[key]) > 1:
                names = cut[key]
                many = max(1, round(len(names) * part))
                first = chance.randrange(len(names) - many + 1)
                cut[key] = names[first : first + many]
        statements.append(cut)
    many = max(1, round(len(statements) * math.sqrt(part))) if part < 1 else len(statements)
    return {**document, "Statement": statements[:many]}


def _edited(chance: random.Random, before: Document, pool: list[str]) -> Document:
    """A few actions more, most of services that it has; now and then some fewer, or another statement."""
    statements = [dict(one) for one in _listed(before["Statement"])]
    at = chance.randrange(len(statements))
    key = "Action" if "Action" in statements[at] else "NotAction"
    held = _listed(statements[at][key])
    if chance.random() < 0.15 and len(held) > 3:
        held = [name for name in held if chance.random() > 0.1] or held
    where = bisect.bisect(pool, chance.choice(held)) if chance.random() < 0.8 else chance.randrange(len(pool))
    near = [name for name in pool[where : where + 40] if name not in held]
    new = near[: chance.choice((1, 1, 1, 2, 2, 3, 5, 12))]
    if chance.random() < 0.2 and new:
        statements.append(
            {"Effect": "Allow", "Action": new, "Resource": f"arn:aws:s3:::bucket-{len(held)}/*"}
        )
    else:
        statements[at] = {**statements[at], key: [*held, *new]}
    return {**before, "Statement": statements}


def _answer(version: int, date: datetime, document: Document, style: int) -> bytes:
    spelt = date.strftime("%Y-%m-%dT%H:%M:%SZ")
    if style == 3:
        spelt = date.strftime("%Y-%m-%d %H:%M:%S+00:00")
    answer = {"Document": document, "VersionId": f"v{version}", "IsDefaultVersion": True, "CreateDate": spelt}
    indent = 2 if style % 2 else 4  # the same once more never is the same bytes
    return json.dumps({"PolicyVersion": answer}, indent=indent).encode() + b"\n"


def _respelt(content: bytes, *, offset: bool) -> bytes:
    try:
        answer = json.loads(content)
    except ValueError:
        return content
    date = answer["PolicyVersion"]["CreateDate"].replace(" ", "T").replace("+00:00", "Z")
    answer["PolicyVersion"]["CreateDate"] = date.replace("Z", "+00:00") if offset else date
    return json.dumps(answer, indent=4).encode() + (b"" if offset else b"\n")


def _import(place: Path, archive: _Archive) -> None:
    """git fast-import, then one pack with deltas as a clone of the public archive has."""
    subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=master", place], check=True)
    feed = subprocess.Popen(["git", "-C", place, "fast-import", "--quiet"], stdin=subprocess.PIPE)
    assert feed.stdin is not None
    for moment, files in sorted(archive.rows.items()):
        _commit(feed.stdin, moment, files)
    feed.stdin.close()
    assert feed.wait() == 0
    subprocess.run(["git", "-C", place, "repack", "-a", "-d", "-f", "--quiet"], check=True)


def _commit(feed: IO[bytes], moment: datetime, files: Mapping[str, bytes | None]) -> None:
    names = ", ".join(sorted(path.rpartition("/")[2] for path in files)[:5])
    message = f"Update: {names}".encode()
    feed.write(
        b"commit refs/heads/master\ncommitter archive <archive@example.invalid> %d +0000\n"
        % int(moment.timestamp())
    )
    feed.write(b"data %d\n%s\n" % (len(message), message))
    for path, content in sorted(files.items()):
        if content is None:
            feed.write(b"D %s\n" % path.encode())
        else:
            feed.write(b"M 100644 inline %s\ndata %d\n%s\n" % (path.encode(), len(content), content))
    feed.write(b"\n")
