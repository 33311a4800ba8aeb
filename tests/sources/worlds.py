"""The few values that the tests of the sources speak of: a policy, versions of it, what an archive knows."""

from datetime import datetime

from tracker.model.asking import Answer, Known
from tracker.model.identity import PolicyArn, VersionId
from tracker.model.instants import parse_instant

NAME = "AWSSupportServiceRolePolicy"
ARN = PolicyArn("aws", NAME, "/aws-service-role/")


def identity(version: str, create_date: str) -> tuple[VersionId, datetime]:
    """('v19', '2021-10-26') as the archive speaks of it."""
    return VersionId.parse(version), parse_instant(create_date)


# v20's date is the real one; it was the default for some ten hours.
V19 = identity("v19", "2021-10-26T20:11:09Z")
V20 = identity("v20", "2021-12-21T23:48:04Z")
V21 = identity("v21", "2022-02-15T18:00:00Z")


def document(*actions: str) -> dict[str, object]:
    """A policy that allows these."""
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}],
    }


def known(*archived: tuple[VersionId, datetime], default: tuple[VersionId, datetime] | None = None) -> Known:
    """What an archive knows that has these snapshots and last saw `default` (else the last of them)."""
    on_record = default or (archived[-1] if archived else None)
    newest = max((date for _, date in archived), default=None)
    return Known(frozenset(archived), on_record, seen=on_record is not None, newest=newest)


def fetched(answer: Answer) -> list[str]:
    """The versions that an answer brought, in its order."""
    return [str(snapshot.version) for snapshot in answer.snapshots]
