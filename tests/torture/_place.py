"""A tracker that the command made, beside an IAM and a mail server of loopback, and what must be so of it after any fault."""

import json
import os
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

from tests.archive.dumping import dump
from tests.support.fake_iam import FakeIam
from tests.support.smtp_sink import Sink
from tests.support.world import SUPPORT, allowing
from tests.torture._commands import Forks, Said, run
from tracker.store.database import Database

TEAMS = ("audit@example.org", "platform@example.org", "security@example.org")
FIRST, SECOND, THIRD = "2026-01-05T10:00:00Z", "2026-02-03T10:00:00Z", "2026-03-03T10:00:00Z"
DOCUMENTS = {
    "v1": allowing("s3:ListBucket", "ec2:DescribeVpcs"),
    "v2": allowing("s3:ListBucket", "ec2:DescribeVpcs", "s3:GetObject"),
    "v3": allowing("s3:ListBucket", "ec2:DescribeVpcs", "sns:ListTopics", "glue:GetTable"),
}
FOLDER = "snapshots/aws/AWSSupportServiceRolePolicy"


class Place:
    """One tracker's folder, `home`, and its surroundings."""

    def __init__(self, folder: Path, forks: Forks | None = None, *, made: Path | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.home, self.forks, self._made = folder, folder / "home", forks, made
        self.wrap: tuple[str, ...] = ()  # what every command is started by
        self.iam, self.sink = FakeIam(), Sink()
        self.others = ExitStack()  # servers of one fault, ended with the rest

    def __enter__(self) -> Self:
        self.iam.__enter__()
        self.sink.__enter__()
        self.publish("v1", FIRST)
        if self._made is not None:
            self.publish("v2", SECOND)
            shutil.copytree(self._made, self.home, symlinks=True)
        return self

    def __exit__(self, *_: object) -> None:
        self.others.close()
        self.sink.stop()
        self.iam.__exit__(None, None, None)

    def renew_iam(self) -> None:
        """Another IAM in the place of one that is spoilt for good, with v1 and v2."""
        self.iam.__exit__(None, None, None)
        self.iam = FakeIam()
        self.iam.__enter__()
        self.publish("v1", FIRST)
        self.publish("v2", SECOND)

    def environment(self, **more: str) -> dict[str, str]:
        """What the command is started with; no setting of whoever runs this is in it."""
        return {
            "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TMPDIR": str(self.folder), "HOME": str(self.folder),
            "PYTHONDONTWRITEBYTECODE": "1",  # what a limit cuts off would stay in the checkout: CPython keeps half a file
            **self.iam.environment(),
            "POLICY_TRACKER_HOME": str(self.home),
            "POLICY_TRACKER_AWS__ATTEMPTS": "2",
            "POLICY_TRACKER_ROLES": "",
            "POLICY_TRACKER_LOCK_WAIT_S": "30",
            "POLICY_TRACKER_MAIL__HOST": "localhost",
            "POLICY_TRACKER_MAIL__PORT": str(self.sink.port),
            "POLICY_TRACKER_MAIL__SECURITY": "none",
            "POLICY_TRACKER_MAIL__SENDER": "pt@example.org",
            "POLICY_TRACKER_MAIL__OPERATOR": "operator@example.org",
            **more,
        }  # fmt: skip

    def run(self, *args: str, wrap: Sequence[str] = (), **more: str) -> Said:
        """The command to its end: forked where it may be, else the installed one."""
        wrap = (*wrap, *self.wrap)
        if self.forks is not None and not wrap and "LD_PRELOAD" not in more:
            return self.forks.run(args, self.environment(**more))
        return run(args, self.environment(**more), wrap=wrap, cwd=self.folder)

    def well(self, *args: str, **more: str) -> str:
        """What a command prints that must succeed."""
        said = self.run(*args, **more)
        assert said.code == 0, (args, said)
        return said.out

    def make(self) -> None:
        """As far as every campaign begins: three teams are subscribed, v1 was seen, and v2, of which they were told."""
        self.well("init", "--empty", str(self.home))
        self.well("check")
        for team in TEAMS:
            self.well("subscribers", "add", team)
        self.publish("v2", SECOND)
        self.well("check")

    def publish(self, version: str = "v3", made: str = THIRD) -> None:
        """AWS has a new default."""
        self.iam.put(SUPPORT, version, DOCUMENTS.get(version, DOCUMENTS["v3"]), made)

    def mails(self) -> Counter[tuple[str, str]]:
        """How often each mail arrived, by recipient and Message-ID."""
        ids = [
            next((line for line in mail.data.split(b"\r\n") if line.lower().startswith(b"message-id:")), b"")
            for mail in self.sink.mails
        ]
        return Counter(
            (mail.recipient, ident.decode()) for mail, ident in zip(self.sink.mails, ids, strict=True)
        )

    def database(self) -> Database:
        """For a look at the tables; opened as the command opens it."""
        return Database(self.home / "tracker.db")

    def end_leases(self) -> None:
        """As if a quarter of an hour had passed: a mail that a dead process had in hand may be sent by another."""
        with self.database().writing() as connection:
            connection.execute(
                "UPDATE outbox SET claimed_until = '2000-01-01T00:00:00.000000Z' WHERE state = 'claimed'"
            )
            connection.execute("UPDATE outbox SET not_before = created WHERE state = 'waiting'")

    def lines(self, name: str = f"{FOLDER}/timeline.jsonl") -> list[Mapping[str, object]]:
        """The lines of a file of the tracker's folder."""
        return [json.loads(line) for line in (self.home / name).read_text().splitlines()]

    def wrong(
        self, *, versions: Sequence[str] = ("v1", "v2", "v3"), mails: int = 1, twice: int = 0
    ) -> list[str]:
        """After the fault is over: one check, and then everything is as if there had been none; what is not.

        `mails`: how many each team was due since v2. `twice`: how many of them may have come a second time, for those that a kill, or a line that dropped, may have cut
        off between DATA and its answer.
        """
        found = [f"afterwards check {one}" for one in self.run("check").wrong([0])]
        verified = self.run("verify")
        if verified.code:
            found.append(f"afterwards verify: {verified.out.strip()[-600:]} {verified.err.strip()[-600:]}")
        return found + self.lost(versions=versions, mails=mails, twice=twice)

    def lost(self, *, versions: Sequence[str], mails: int, twice: int = 0) -> list[str]:
        """What is not there, is there twice, or is not as the files say."""
        found = []
        kept = sorted(path.name.rpartition("_")[2] for path in (self.home / FOLDER).glob("*Z_v*.json"))
        if kept != sorted(f"{one}.json" for one in versions):
            found.append(f"snapshots: {kept}")
        seen = [str(line["version"]) for line in self.lines()]
        if seen != list(versions):
            found.append(f"observations: {seen}")
        found += self.index_wrong()
        with self.database().reading() as connection:
            changes = connection.execute(
                "SELECT from_version, to_version FROM changes WHERE kind <> 'created'"
            ).fetchall()
            waiting = connection.execute(
                "SELECT count(*) FROM outbox WHERE state NOT IN ('sent', 'cancelled')"
            ).fetchone()[0]
            open_runs = connection.execute("SELECT count(*) FROM runs WHERE finished IS NULL").fetchone()[0]
        if sorted(changes) != sorted(pairwise(versions)):
            found.append(f"changes: {changes}")
        if waiting or open_runs:
            found.append(f"{waiting} messages wait and {open_runs} rounds are open")
        found += self.mails_wrong(mails, twice)
        if crashes := sorted(self.home.glob("crashes/*")):
            found.append(f"a traceback was kept: {crashes[0].read_text()[-1500:]}")
        return found

    def index_wrong(self) -> list[str]:
        """Whether the index is what `reindex` makes of the files."""
        before = dump(self.database())
        found = [f"afterwards reindex {one}" for one in self.run("reindex").wrong([0])]
        if dump(self.database()) != before:
            found.append("the index is not what reindex makes of the files")
        return found

    def mails_wrong(self, due: int, twice: int = 0) -> list[str]:
        """Whether every team had as many mails as were due, and only so many of them twice."""
        mails = {mail: count for mail, count in self.mails().items() if mail[0] in TEAMS}
        each = Counter(recipient for recipient, _ in mails)
        extra = sum(mails.values()) - len(mails)
        found = []
        if each != Counter({team: due for team in TEAMS if due}):
            found.append(f"mails: {dict(each)} of {due} each")
        if extra > twice:
            found.append(f"{extra} mails came twice, and {twice} may")
        return found


@contextmanager
def begun() -> Iterator[tuple[Path, Forks]]:
    """A folder in which the command made a tracker, `made`, and the process that forks the command."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        with Forks(folder) as forks:
            with Place(folder / "made", forks) as first:
                first.make()
            yield folder, forks
