"""Starts the embedded AWS (`tracker.demo.aws_server`) as a process, tells it what AWS has published, and ends it."""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from threading import Lock, Timer
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Self

from tracker.errors import SetupError
from tracker.model.history import Snapshot
from tracker.model.identity import PolicyArn, VersionId
from tracker.model.instants import iso

if TYPE_CHECKING:
    from datetime import datetime

START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 5.0


class EmbeddedAws:
    """Moto's server as a real HTTP process on a free loopback port, with all AWS managed policies loaded.

    A context manager: it starts on entry and has ended, its process reaped, on exit.
    """

    def __init__(self) -> None:
        self.port = 0
        self.policies = 0  # how many managed policies it holds
        self._process: subprocess.Popen[str] | None = None
        self._errors: IO[str] | None = None
        self._lock = Lock()
        self._newest: dict[PolicyArn, datetime] = {}

    @property
    def endpoint(self) -> str:
        """Where it listens: 'http://127.0.0.1:40123'."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The id of its process. Raises SetupError before the start."""
        return self._running().pid

    def environment(self) -> dict[str, str]:
        """The AWS variables under which boto3 talks to it and to nothing else; the credentials mean nothing."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ENDPOINT_URL_IAM": self.endpoint,
            "AWS_ENDPOINT_URL_STS": self.endpoint,
            "AWS_ACCESS_KEY_ID": "demo",
            "AWS_SECRET_ACCESS_KEY": "demo",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    def start(self) -> Self:
        """Start it and wait until it listens. Raises SetupError with its own last words where it doesn't."""
        environment = {
            key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "MOTO_"))
        }
        self._errors = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 -- stop() closes it
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tracker.demo.aws_server"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, text=True, encoding="utf-8",
            env=environment,
        )  # fmt: skip
        try:
            ready = self._answer(START_TIMEOUT_S)
        except BaseException:
            self.stop()
            raise
        self.port, self.policies = ready["port"], ready["policies"]
        return self

    def publish(self, snapshots: Iterable[Snapshot], default: VersionId) -> None:
        """From now on AWS holds exactly these versions of their one policy, and `default` is in force.

        UpdateDate is the create date of the newest version published so far, as AWS has it: it stays where a default
        goes back.
        """
        held = sorted(snapshots, key=lambda snapshot: snapshot.version)
        if not held or default not in {snapshot.version for snapshot in held}:
            raise ValueError(f"the default {default} is not among the versions published")
        arn = held[0].arn
        newest = max(snapshot.create_date for snapshot in held)
        self._newest[arn] = max(newest, self._newest.get(arn, newest))
        self._order(
            do="publish",
            arn=str(arn),
            default=str(default),
            update_date=iso(self._newest[arn]),
            versions=[
                {
                    "version": str(each.version),
                    "create_date": iso(each.create_date),
                    "document": each.document,
                }
                for each in held
            ],
        )

    def link_role(self, name: str, service: str, made: "datetime", policy: PolicyArn, trust: object) -> None:
        """From now on there is this service-linked role, with one policy and this trust policy."""
        self._order(do="role", name=name, service=service, made=iso(made), policy=str(policy), trust=trust)

    def remove(self, arn: PolicyArn) -> None:
        """From now on AWS knows no such policy."""
        self._newest.pop(arn, None)
        self._order(do="remove", arn=str(arn))

    def stop(self) -> None:
        """End the process and reap it. Once is enough; more do no harm."""
        process, self._process = self._process, None
        if process is not None:
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    with contextlib.suppress(BrokenPipeError):
                        stream.close()
            try:
                process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        errors, self._errors = self._errors, None
        if errors is not None:
            errors.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _running(self) -> "subprocess.Popen[str]":
        if self._process is None:
            raise SetupError("the embedded AWS is not running", advice="start it first")
        return self._process

    def _order(self, **order: object) -> None:
        with self._lock:
            pipe = self._running().stdin
            assert pipe is not None  # noqa: S101 -- Popen was asked for a pipe
            with contextlib.suppress(BrokenPipeError):  # it has ended: reading its answer tells so in words
                pipe.write(json.dumps(order) + "\n")
                pipe.flush()
            answer = self._answer(STOP_TIMEOUT_S)
        if "error" in answer:
            raise SetupError(f"the embedded AWS refused an order: {answer['error']}")

    def _answer(self, timeout_s: float) -> dict[str, Any]:
        process = self._running()
        assert process.stdout is not None  # noqa: S101 -- Popen was asked for a pipe
        # A pipe has no read with a time-out: ending the process ends the read.
        deadline = Timer(timeout_s, process.kill)
        deadline.start()
        try:
            line = process.stdout.readline()
        finally:
            deadline.cancel()
        if not line:
            raise SetupError(
                f"the embedded AWS ended before it answered: {self._last_words()}",
                advice="install the demo's own packages: pip install 'policy-tracker[demo]'",
            )
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _last_words(self) -> str:
        if self._errors is None:
            return ""
        self._errors.seek(0)
        lines = self._errors.read().strip().splitlines()
        return lines[-1] if lines else "it said nothing"
