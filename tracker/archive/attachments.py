"""Where policies are attached, as the last listing told it: state of the service, for the account column alone."""

from collections.abc import Mapping

from tracker.archive.layout import policy_key
from tracker.model.identity import PolicyArn
from tracker.store.database import Database


class Attachments:
    """What is attached in an account, in the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(self, account: str, partition: str, found: Mapping[PolicyArn, int]) -> None:
        """What a listing of a partition tells of an account, in the place of what the last one told."""
        new = {policy_key(arn): (str(arn), count) for arn, count in found.items() if count}
        held = {
            key: (arn, count)
            for key, arn, count in self._rows("WHERE account = ? AND partition = ?", account, partition)
        }
        if new == held:
            return
        with self._database.writing() as db:
            db.execute("DELETE FROM attachments WHERE account = ? AND partition = ?", (account, partition))
            db.executemany(
                "INSERT INTO attachments (account, partition, policy, arn, count) VALUES (?, ?, ?, ?, ?)",
                [(account, partition, key, arn, count) for key, (arn, count) in sorted(new.items())],
            )

    def arns(self) -> tuple[PolicyArn, ...]:
        """Every policy that is attached somewhere, as far as listings told."""
        return tuple(sorted({PolicyArn.parse(arn) for _, arn, _ in self._rows("")}))

    def counts(self) -> dict[str, int]:
        """The policy's folder ('aws/ReadOnlyAccess') -> to how much it is attached in this account."""
        return {key: count for key, _, count in self._rows("")}

    def _rows(self, where: str, *values: str) -> list[tuple[str, str, int]]:
        if not self._database.exists:
            return []
        with self._database.reading() as db:
            sql = f"SELECT policy, arn, count FROM attachments {where} ORDER BY policy"  # noqa: S608 -- words of ours
            return db.execute(sql, values).fetchall()
