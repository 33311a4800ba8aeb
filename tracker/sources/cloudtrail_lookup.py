"""CloudTrail's event history: the management events of the last 90 days, region by region, newest first.

LookupEvents takes two calls a second for an account and region, and 50 events a call.
https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tracker.errors import CredentialsError, SourceUnavailableError, TrackerError
from tracker.sources.cloudtrail_records import Record, record_of
from tracker.sources.iam_client import HOME_REGION, Connection
from tracker.sources.iam_faults import outcome_of, translate
from tracker.sources.source import Note, unnoted

ACTION = "cloudtrail:LookupEvents"
KEPT = timedelta(days=90)  # how long the event history goes back
APART_S = 0.5  # seconds between the beginnings of two calls: two a second
_MOST = 50  # events a call


@dataclass(frozen=True, slots=True)
class Page:
    """What one call answered."""

    records: list[Record]
    reached: datetime | None  # UTC: the oldest event's; None: there was none
    last: bool  # nothing older is left in the period


class NotEnabledError(CredentialsError):
    """A region that this account has not enabled: nobody, AWS Support included, can do anything there."""


class EventHistory:
    """Asks for events at the pace that AWS allows. Every fault comes as one of tracker.errors."""

    def __init__(
        self,
        connection: Connection,
        partition: str = "aws",
        *,
        pause: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        note: Note = unnoted,
    ) -> None:
        self._connection, self._note = connection, note
        self._partition = partition
        self._pause = pause
        self._clock = clock
        self._next: dict[str, float] = {}  # region -> when it may be asked again
        self._session: Any = None  # one for all regions: what it has read of AWS's descriptions it keeps

    def account(self) -> str:
        """Whose event history that is. GetCallerIdentity takes no permission."""
        client = self._client("sts", self._connection.region or HOME_REGION.get(self._partition, ""))
        try:
            return str(client.get_caller_identity()["Account"])
        except Exception as error:
            ours = translate(
                error, "GetCallerIdentity", "these credentials", self._connection.attempts, "STS"
            )
            if ours is None:
                raise
            raise ours from error
        finally:
            client.close()

    def regions(self) -> tuple[str, ...]:
        """Every region of the partition that botocore knows, enabled in this account or not."""
        from botocore.session import get_session

        return tuple(sorted(get_session().get_available_regions("cloudtrail", self._partition)))

    def pages(self, region: str, since: datetime, until: datetime) -> Iterator[Page]:
        """The events of a region from `until` back to `since`, both inclusive, a page at a time."""
        client = self._client("cloudtrail", region)
        asked: dict[str, Any] = {"StartTime": since, "EndTime": until, "MaxResults": _MOST}
        fresh = False  # whether anything was answered since the period was last cut
        try:
            while True:
                answer = self._call(client, region, asked, may_have_ended=fresh)
                if answer is None:  # a token that has run out: the same again, from where we are
                    del asked["NextToken"]
                    fresh = False
                    continue
                page = _page(answer, region)
                yield page
                if page.last:
                    return
                asked["NextToken"] = answer["NextToken"]
                if page.reached is not None:
                    fresh = True
                    until = min(until, page.reached)
        finally:
            client.close()

    def _call(
        self, client: Any, region: str, asked: Mapping[str, Any], *, may_have_ended: bool
    ) -> Mapping[str, Any] | None:
        wait = self._next.get(region, 0.0) - self._clock()
        if wait > 0:
            self._pause(wait)
        self._next[region] = self._clock() + APART_S
        try:
            found: Mapping[str, Any] = client.lookup_events(**asked)
        except Exception as error:
            code = _code(error)
            ours = self._ours(error, region, code)
            self._note("LookupEvents", outcome_of(error, ours), 1)
            if code == "InvalidNextTokenException" and may_have_ended:
                return None
            raise ours or error from error
        self._note("LookupEvents", "answered", 1)
        return found

    def _ours(self, error: Exception, region: str, code: str) -> TrackerError | None:
        what = f"the event history of {region}"
        if code in ("UnrecognizedClientException", "InvalidClientTokenId", "OptInRequired"):
            return NotEnabledError(
                f"{what}: AWS does not accept there the credentials that it accepts elsewhere ({code})",
                advice="The region is not enabled in this account: leave it out with --region.",
            )
        if isinstance(error, TypeError | AttributeError | KeyError):
            return _foreign(what)  # a document that botocore can't fit into what CloudTrail answers
        return translate(error, "LookupEvents", what, self._connection.attempts, "CloudTrail")

    def _client(self, service: str, region: str) -> Any:
        import boto3
        from botocore.config import Config

        asked = self._connection
        profile = asked.profiles.get(self._partition) or asked.profile or None
        try:
            self._session = self._session or boto3.Session(profile_name=profile)
            return self._session.client(
                service,
                region_name=region,
                config=Config(
                    connect_timeout=asked.connect_timeout_s,
                    read_timeout=asked.read_timeout_s,
                    retries={"mode": "standard", "total_max_attempts": asked.attempts},
                    user_agent_extra="policy-tracker",
                ),
            )
        except Exception as error:
            ours = translate(
                error, "LookupEvents", f"the event history of {region}", asked.attempts, "CloudTrail"
            )
            if ours is None:
                raise
            raise ours from error


def _code(error: Exception) -> str:
    response = getattr(error, "response", None)
    found = response.get("Error", {}).get("Code") if isinstance(response, dict) else None
    return str(found or "")


def _page(answer: Mapping[str, Any], region: str) -> Page:
    events, token = answer.get("Events"), answer.get("NextToken")
    if not isinstance(events, list):
        raise _foreign(f"the event history of {region}")
    moments = [
        one["EventTime"].astimezone(UTC) for one in events if isinstance(one.get("EventTime"), datetime)
    ]
    records = [record_of(one.get("CloudTrailEvent") or "") for one in events]
    return Page(records, min(moments, default=None), not token)


def _foreign(what: str) -> SourceUnavailableError:
    return SourceUnavailableError(
        f"LookupEvents of {what}: the answer is not CloudTrail's",
        advice="Something between here and AWS may have answered in its place: check AWS_ENDPOINT_URL_CLOUDTRAIL and the proxy.",
    )
