"""The answers of the API, by what they are about. Each is a Page, kept by what it was made of; files are the same bytes."""

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tracker.changelog.actors import actor
from tracker.changelog.places import policy_page
from tracker.changelog.record import (
    Record,
    attention_record,
    change_record,
    dumps,
    period_record,
    policy_record,
    scope_record,
)
from tracker.changelog.rows import (
    change_row_record,
    counts_record,
    list_record,
    maybe_iso,
    transition_record,
    version_row_record,
)
from tracker.errors import InputError, UnknownPolicyError
from tracker.model.identity import PolicyArn
from tracker.model.instants import iso
from tracker.web.cursors import after, cursor
from tracker.web.data_search import Searches
from tracker.web.page import Page, text_page

if TYPE_CHECKING:
    from tracker.web.facts import Facts, Identity

LONGEST_PERIOD = timedelta(days=3_700)


class Data(Searches):
    """What can be asked of the API."""

    def policies(self, limit: int, token: str = "") -> Page:
        """The policies of the archive, by name."""
        start = after(token, 1)[0] if token else ""

        def make() -> Record:
            found = self._pages.browsing.policies(limit + 1, start)
            rows: list[Record] = [
                {
                    "policy": policy_record(one.arn),
                    "versions": one.versions,
                    "changes": one.changes,
                    "last_change": maybe_iso(one.last),
                    "page": policy_page(one.arn),
                }
                for one in found[:limit]
            ]
            last = found[limit - 1].arn if len(found) > limit else None
            return list_record(rows, cursor(f"{last.partition}/{last.name}") if last else None)

        return self._made(f"policies?{limit}&{token}", (self._pages.browsing.change_mark(),), make)

    def policy(self, name: str) -> Page:
        """One policy: what is in force, and how well it is watched."""
        arn = self._arn(name)

        def make() -> Record:
            facts = self._pages.facts(arn)
            today, watch = facts.today, facts.watch(planned=arn in self._pages.watched)
            return {
                "policy": policy_record(arn),
                "actor": actor(arn),
                "default": str(today.version) if today else None,
                "create_date": maybe_iso(today.create_date if today else None),
                "observed_at": maybe_iso(today.seen.observed_at if today else None),
                "actions": today.actions if today else 0,
                "services": today.services if today else 0,
                "versions": len(facts.versions),
                "changes": len(facts.stems),
                "last_look": maybe_iso(watch.last),
                "next_look": maybe_iso(watch.next),
                "stale": watch.stale,
                "page": policy_page(arn),
            }

        return self._made(f"policy/{arn}", self._pages.marks(arn, looks=True), make)

    def versions(self, name: str) -> Page:
        """Every archived version of a policy, oldest first."""
        arn = self._arn(name)

        def make() -> Record:
            facts = self._pages.facts(arn)
            now = facts.today and (facts.today.version, facts.today.create_date)
            seen = facts.reading.observations
            return list_record(
                [
                    version_row_record(
                        arn,
                        stem,
                        one,
                        one == now,
                        [each.observed_at for each in seen if each.identity == one],
                    )
                    for stem, one in facts.versions.items()
                ]
            )

        return self._made(f"versions/{arn}", self._pages.marks(arn), make)

    def version(self, name: str, version: str) -> Page:
        """What one version allows, by service."""
        arn = self._arn(name)
        facts, identity = self._version(arn, version)

        def make() -> Record:
            catalogue = self._tracker.catalogue()
            snapshot = self._tracker.archive.snapshot(arn, *identity)
            services: list[Record] = []
            for service, found in facts.granted(identity).items():
                actions = [
                    {
                        "action": action.spelling,
                        "access_level": info.access_level
                        if (info := catalogue.action(service, low))
                        else "Unknown",
                        "scopes": [scope_record(scope) for scope in action.scopes],
                        "denied": [scope_record(scope) for scope in action.denied],
                    }
                    for low, action in found.items()
                ]
                services.append(
                    {"service": service, "name": catalogue.service_name(service), "actions": actions}
                )
            return {
                "policy": policy_record(arn),
                "version": str(identity[0]),
                "create_date": iso(identity[1]),
                "sha256": snapshot.sha256,
                "source": snapshot.source,
                "default": self._tracker.archive.known(arn).default == identity,
                "catalogue": catalogue.version,
                "services": services,
            }

        return self._made(f"version/{arn}/{identity}", self._pages.marks(arn), make, identity[1])

    def document(self, name: str, version: str) -> Page:
        """The document of one version: canonical JSON, whose SHA-256 is on record."""
        arn = self._arn(name)
        _, identity = self._version(arn, version)
        text = self._tracker.archive.snapshot(arn, *identity).document
        return text_page(text, "json", identity[1], 86_400)

    def transitions(self, name: str) -> Page:
        """Every move of a policy's default, newest first."""
        arn = self._arn(name)

        def make() -> Record:
            facts = self._pages.facts(arn)
            told = [transition_record(one, facts.ids[at]) for at, one in enumerate(facts.transitions)]
            return list_record(told[::-1])

        return self._made(f"transitions/{arn}", self._pages.marks(arn), make)

    def changes(
        self,
        limit: int,
        token: str = "",
        name: str = "",
        since: str = "",
        until: str = "",
        severity: str = "",
    ) -> Page:
        """Changes, newest first, of one policy or of all."""
        arn = self._arn(name) if name else None
        low, high = self._instant(since), self._instant(until)
        before = after(token, 2) if token else None
        place = (self._cursor_instant(before[0]), before[1]) if before else None

        def make() -> Record:
            found = self._pages.browsing.newest(
                limit + 1,
                arn=arn,
                since=low,
                until=high,
                before=place,
                severities=[severity] if severity else [],
            )
            rows = [
                change_row_record(row, policy_page(row.arn, f"{stem}.html")) for stem, row in found[:limit]
            ]
            last = found[limit - 1][1] if len(found) > limit else None
            return list_record(rows, cursor(iso(last.observed_at), last.id) if last else None)

        asked = f"changes?{limit}&{token}&{arn}&{low}&{high}&{severity}"
        return self._made(asked, (self._pages.browsing.change_mark(),), make)

    def change(self, change: str) -> Page:
        """One change as its record."""
        found_row = self._pages.browsing.change(change)
        if found_row is None:
            raise UnknownPolicyError(
                f"there is no change {change[:80]!r}", advice="/api/v1/changes lists them"
            )
        stem, row = found_row

        def make() -> Record:
            facts = self._pages.facts(row.arn)
            found = facts.change(stem)
            if found is None:
                raise UnknownPolicyError(
                    f"the change {change} can't be compared: its versions are not archived"
                )
            return change_record(found)

        return self._made(f"change/{change}", self._pages.marks(row.arn), make, row.observed_at)

    def diff(self, name: str, before: str, after: str) -> Page:
        """Any two versions, or the defaults of any two dates, compared."""
        arn = self._arn(name)
        facts, one = self._version(arn, before)
        _, other = self._version(arn, after)

        def make() -> Record:
            return change_record(facts.reading.compared(one, other, max(one[1], other[1])))

        return self._made(f"diff/{arn}/{one}/{other}", self._pages.marks(arn), make, max(one[1], other[1]))

    def period(self, name: str, since: datetime, until: datetime) -> Page:
        """What a stretch of time did to a policy."""
        arn = self._arn(name)
        if not since < until <= since + LONGEST_PERIOD:
            raise InputError("a period ends after it begins, and lasts ten years at most")

        def make() -> Record:
            return period_record(self._pages.facts(arn).period(since, until))

        return self._made(f"period/{arn}/{since}/{until}", self._pages.marks(arn, looks=True), make)

    def attention(self, name: str) -> Page:
        """What of a policy's default deserves attention, and since when."""
        arn = self._arn(name)

        def make() -> Record:
            return list_record([attention_record(one) for one in self._pages.facts(arn).attention])

        return self._made(f"attention/{arn}", self._pages.marks(arn), make)

    def stats(self) -> Page:
        """How much there is."""
        browsing = self._pages.browsing

        def make() -> Record:
            counts = {
                name: browsing.count(table)
                for name, table in (("policies", "policies"), ("versions", "snapshots"), ("changes", "changes"), ("looks", "looks"))
            }  # fmt: skip
            return {**counts, "months": dict(sorted(browsing.months()))}

        marks = (browsing.change_mark(), browsing.look_mark(self._tracker.partition))
        return self._made("stats", marks, make)

    def status(self) -> Page:
        """How the tracker is: never whose mail, only how much."""
        from importlib.metadata import version

        now, plan = self._tracker.clock(), self._tracker.plan
        watched = self._pages.watched
        facts = {arn: self._pages.facts(arn).watch(planned=True) for arn in watched}
        runs: list[Record] = [
            {"id": run.id, "kind": run.kind, "started": iso(run.started), "finished": maybe_iso(run.finished), "outcome": run.outcome}
            for run in self._pages.browsing.runs(20)
        ]  # fmt: skip
        record: Record = {
            "version": version("policy-tracker"),
            "catalogue": self._tracker.catalogue().version,
            "watched": [policy_record(arn) for arn in watched],
            "stale": [policy_record(arn) for arn in watched if facts[arn].stale],
            "next_look": iso(plan.look.next(now)),
            "next_report": iso(plan.report.next(now)),
            "outbox": counts_record(self._pages.browsing.outbox_depth()),
            "runs": runs,
        }
        return text_page(dumps(record), "json", None, 10)

    def _version(self, arn: PolicyArn, text: str) -> "tuple[Facts, Identity]":
        facts = self._pages.facts(arn)
        return facts, facts.versions.get(text) or facts.reading.pointed(text)

    def _cursor_instant(self, text: str) -> datetime:
        moment = self._instant(text)
        if moment is None:
            raise InputError("that cursor is not one of ours")
        return moment


def static_json(value: object) -> Page:
    """A value as it is: schemas."""
    return text_page(json.dumps(value, indent=2, ensure_ascii=False) + "\n", "json", None, 86_400)
