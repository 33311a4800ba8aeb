"""The four calls of IAM that the tracker makes, as typed answers, and the clients that make them.

Every answer is checked for the fields we read: an HTML page, or a document that only happens to be XML, is no answer.
"""

import os
import random
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from tracker.errors import CredentialsError, SetupError, SourceUnavailableError
from tracker.model.asking import Listed
from tracker.model.identity import PolicyArn, VersionId
from tracker.sources.iam_answers import NoAnswerError, judge
from tracker.sources.iam_faults import is_no_such_entity, outcome_of, translate
from tracker.sources.source import Note, unnoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# IAM is one service per partition; this is the region it signs for and answers from in each.
# Source: https://docs.aws.amazon.com/general/latest/gr/iam-service.html and botocore's partitions.json
HOME_REGION = {
    "aws": "us-east-1",
    "aws-cn": "cn-north-1",
    "aws-us-gov": "us-gov-west-1",
    "aws-eusc": "eusc-de-east-1",
    "aws-iso": "us-iso-east-1",
    "aws-iso-b": "us-isob-east-1",
    "aws-iso-e": "eu-isoe-west-1",
    "aws-iso-f": "us-isof-south-1",
}
_PARTITION_OF_PREFIX = {
    region.rsplit("-", 2)[0] + "-": name for name, region in HOME_REGION.items() if name != "aws"
}

# A policy has five versions at most, so this listing is never longer than one page; moto's server does not say so.
_ONE_PAGE = {"ListPolicyVersions"}
_MOST_PAGES = 1_000  # of a hundred entries at the least; AWS has 1,600 managed policies
_METHOD = {
    "GetPolicy": "get_policy",
    "GetPolicyVersion": "get_policy_version",
    "ListPolicyVersions": "list_policy_versions",
    "ListPolicies": "list_policies",
    "GetRole": "get_role",
    "ListAttachedRolePolicies": "list_attached_role_policies",
    "ListRolePolicies": "list_role_policies",
    "GetRolePolicy": "get_role_policy",
}
_T = TypeVar("_T")

# What botocore has read of its models, for each place that it reads them from: a tenth of a second a client.
_LOADERS: dict[tuple[str | None, ...], Any] = {}


@dataclass(frozen=True, slots=True)
class PolicyNow:
    """What GetPolicy says."""

    default: VersionId
    update_date: datetime  # UTC: when the most recent version was created, default or not


@dataclass(frozen=True, slots=True)
class ListedVersion:
    """One line of ListPolicyVersions."""

    version: VersionId
    create_date: datetime  # UTC

    @property
    def identity(self) -> tuple[VersionId, datetime]:
        """What tells it from every other version of the policy."""
        return (self.version, self.create_date)


@dataclass(frozen=True, slots=True)
class FetchedVersion:
    """What GetPolicyVersion says."""

    version: VersionId
    create_date: datetime  # UTC
    is_default: bool
    raw: str  # the document as it came: URL-encoded text, whatever it holds

    @property
    def identity(self) -> tuple[VersionId, datetime]:
        """What tells it from every other version of the policy."""
        return (self.version, self.create_date)


@dataclass(frozen=True, slots=True)
class Connection:
    """How to reach AWS. Empty text: what AWS's own variables, files and defaults say."""

    region: str = ""
    profile: str = ""
    endpoint_url: str = ""
    connect_timeout_s: float = 5.0
    read_timeout_s: float = 20.0
    attempts: int = 5  # calls in all, the first one included
    parallel: int = 8  # calls under way at once
    profiles: "Mapping[str, str]" = field(default_factory=dict)  # partition -> a profile of its own

    def __post_init__(self) -> None:
        """Raises SetupError for what no call could be made with."""
        if self.attempts < 1 or self.parallel < 1 or self.connect_timeout_s <= 0 or self.read_timeout_s <= 0:
            raise SetupError(
                f"asking AWS needs attempts and calls at once of 1 or more and time-outs above 0 s, not {self.attempts} attempts,"
                f" {self.parallel} at once, {self.connect_timeout_s} s to connect and {self.read_timeout_s} s to answer",
                advice="Set them right in policy-tracker.toml.",
            )


def partition_of(region: str) -> str:
    """The partition that a region lies in: 'aws-cn' for cn-north-1."""
    return next((name for prefix, name in _PARTITION_OF_PREFIX.items() if region.startswith(prefix)), "aws")


class IamClient:
    """IAM's read calls; those about roles are put together in iam_roles.py. Every fault of AWS, of the network or of a proxy comes as one of tracker.errors."""

    def __init__(self, connection: Connection, note: Note = unnoted) -> None:
        self._connection, self._note = connection, note
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()

    def get_policy(self, arn: PolicyArn) -> PolicyNow | None:
        """Which version is the default now. None: NoSuchEntity."""
        answer = self.call("GetPolicy", arn.partition, str(arn), PolicyArn=str(arn))
        if answer is None:
            return None
        policy = element(answer, "Policy", dict, "GetPolicy", arn)
        return PolicyNow(
            _version(policy, "DefaultVersionId", "GetPolicy", arn),
            moment_in(policy, "UpdateDate", "GetPolicy", arn),
        )

    def get_policy_version(self, arn: PolicyArn, version: VersionId) -> FetchedVersion | None:
        """One version with its document as raw text. None: NoSuchEntity."""
        action, what = "GetPolicyVersion", f"{arn} {version}"
        answer = self.call(action, arn.partition, what, PolicyArn=str(arn), VersionId=str(version))
        if answer is None:
            return None
        found = element(answer, "PolicyVersion", dict, action, what)
        named = _version(found, "VersionId", action, what)
        if named != version:
            raise SourceUnavailableError(
                f"{action} of {what}: AWS answers with {named}", advice="Look again later."
            )
        return FetchedVersion(
            named,
            moment_in(found, "CreateDate", action, what),
            element(found, "IsDefaultVersion", bool, action, what),
            found.get("Document", ""),
        )

    def list_policy_versions(self, arn: PolicyArn) -> tuple[ListedVersion, ...] | None:
        """Every version that IAM still has, oldest first, over all pages. None: NoSuchEntity."""
        action = "ListPolicyVersions"
        found = []
        for page in self.pages(action, arn.partition, str(arn), PolicyArn=str(arn)):
            if page is None:
                return None
            found += [
                ListedVersion(
                    _version(item, "VersionId", action, arn), moment_in(item, "CreateDate", action, arn)
                )
                for item in element(page, "Versions", list, action, arn)
            ]
        return tuple(sorted(found, key=lambda item: (item.create_date, item.version)))

    def list_policies(
        self, partition: str, scope: Literal["AWS", "Local"], *, attached: bool = False
    ) -> tuple[Listed, ...]:
        """Every policy that this account sees, or only those attached in it, over all pages."""
        action, what = "ListPolicies", f"the managed policies of partition {partition}"
        asked: dict[str, object] = {"Scope": scope, "MaxItems": 1000}
        if attached:
            asked["OnlyAttached"] = True
        found = []
        for page in self.pages(action, partition, what, **asked):
            if page is None:  # NoSuchEntity of a listing: half of it proves nothing
                raise SourceUnavailableError(
                    f"{action} of {what}: broke off (NoSuchEntity)", advice="Look again later."
                )
            found += [_listed(item, action, what) for item in element(page, "Policies", list, action, what)]
        return tuple(found)

    def close(self) -> None:
        """Close the connections that are kept open between calls."""
        with self._lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()

    def pages(
        self, action: str, partition: str, what: str, **parameters: object
    ) -> "Iterator[Mapping[str, Any] | None]":
        """Each page of a listing; one None where AWS says NoSuchEntity. Raises SourceUnavailableError for one without an end."""
        markers: set[object] = set()
        while True:
            page = self.call(action, partition, what, **parameters)
            yield page
            if page is None or (action in _ONE_PAGE and "IsTruncated" not in page):
                return
            if not element(page, "IsTruncated", bool, action, what):
                return
            marker = element(page, "Marker", str, action, what)
            if marker in markers or len(markers) >= _MOST_PAGES:
                raise SourceUnavailableError(
                    f"{action} of {what}: the listing does not end, after {len(markers) + 1} pages",
                    advice="Look again later; if it stays so, ask who runs the endpoint or the proxy.",
                )
            markers.add(marker)
            parameters["Marker"] = marker

    def call(
        self, action: str, partition: str, what: str, **parameters: object
    ) -> "Mapping[str, Any] | None":
        """One call, tried again as long as that helps. None: NoSuchEntity."""
        if partition not in HOME_REGION:
            raise SetupError(
                f"{action} of {what}: unknown AWS partition {partition!r}",
                advice=f"Known are {', '.join(sorted(HOME_REGION))}: check the policy's ARN.",
            )
        try:
            answer = self._persist(partition, action, parameters)
        except Exception as error:
            self._again(action, getattr(error, "response", None))
            if is_no_such_entity(error):
                self._note(action, "no_such_entity", 1)
                return None
            ours = translate(error, action, what, self._connection.attempts)
            self._note(action, outcome_of(error, ours), 1)
            if ours is None:
                raise
            if isinstance(ours, CredentialsError):
                self._forget(partition)
            raise ours from error
        self._again(action, answer)
        self._note(action, "answered", 1)
        return answer

    def _again(self, action: str, response: object) -> None:
        """Note the attempts that botocore made again before the last one, which it counts in each response."""
        about = response.get("ResponseMetadata", {}) if isinstance(response, dict) else {}
        if times := about.get("RetryAttempts", 0):
            self._note(action, "retried", times)

    def _persist(
        self, partition: str, action: str, parameters: "Mapping[str, object]"
    ) -> "Mapping[str, Any]":
        """botocore tries again what it knows to be passing; broken answers it does not know, so that is done here."""
        method = getattr(self._client(partition), _METHOD[action])
        attempt = 1
        while True:
            try:
                answer: Mapping[str, Any] = method(**parameters)
            except NoAnswerError as error:
                if not error.passing or attempt >= self._connection.attempts:
                    raise
                self._note(action, "retried", 1)
                time.sleep(random.random() * min(0.1 * 2**attempt, 5.0))  # noqa: S311 -- jitter
                attempt += 1
            else:
                return answer

    def _forget(self, partition: str) -> None:
        """Drop a client, so that a daemon's next look reads credentials that were renewed meanwhile."""
        with self._lock:
            client = self._clients.pop(partition, None)
        if client is not None:
            client.close()

    def _client(self, partition: str) -> Any:
        """The client of a partition, made at its first call: nothing is imported for it before."""
        with self._lock:
            if partition not in self._clients:
                self._clients[partition] = self._make_client(partition)
            return self._clients[partition]

    def _make_client(self, partition: str) -> Any:
        import boto3
        from botocore.config import Config
        from botocore.handlers import json_decode_policies
        from botocore.session import get_session

        asked = self._connection
        profile = asked.profiles.get(partition) or asked.profile or None
        core = get_session()
        core.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=_timestamp)
        models = (os.environ.get("AWS_DATA_PATH"), os.environ.get("AWS_CONFIG_FILE"), profile)
        if models in _LOADERS:
            core.register_component("data_loader", _LOADERS[models])
        session = boto3.Session(botocore_session=core, profile_name=profile, region_name=asked.region or None)
        region = session.region_name or ""
        if partition_of(region) != partition or not region:
            region = HOME_REGION[partition]
            # The session's own region too: it is where STS is asked, if a role has to be assumed.
            session = boto3.Session(botocore_session=core, profile_name=profile, region_name=region)
        loader = _LOADERS.setdefault(models, core.get_component("data_loader"))
        once = dict.fromkeys(loader.search_paths)  # each session of boto3's adds its own again
        loader.search_paths[:] = once
        client = session.client(
            "iam",
            region_name=region,
            endpoint_url=asked.endpoint_url or None,
            config=Config(
                connect_timeout=asked.connect_timeout_s,
                read_timeout=asked.read_timeout_s,
                max_pool_connections=max(10, asked.parallel),
                # Its tokens are the client's: calls made at once share them, and slow down together when throttled.
                retries={"mode": "adaptive", "total_max_attempts": asked.attempts},
                user_agent_extra="policy-tracker",
            ),
        )
        # botocore turns each policy document into a dict, which drops the first of two equal keys and leaves a
        # document that is no JSON as text without a word. We judge the text itself, so it goes, on this client alone.
        client.meta.events.unregister("after-call.iam", json_decode_policies)
        client.meta.events.register("before-parse.iam", judge)
        return client


def _timestamp(text: str) -> datetime:
    """A date as IAM writes it, read at once: a listing of all policies has three thousand. Any other is botocore's to read."""
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        moment = None
    if moment is None or moment.tzinfo is None:
        from botocore.utils import parse_timestamp

        moment = parse_timestamp(text)
    return moment


def _listed(item: "Mapping[str, Any]", action: str, what: str) -> Listed:
    text = element(item, "Arn", str, action, what)
    try:
        arn = PolicyArn.parse(text)
    except ValueError as error:
        raise SourceUnavailableError(
            f"{action} of {what}: {error}",
            advice="The answer is not IAM's: check the endpoint and the proxy.",
        ) from error
    return Listed(
        arn,
        _version(item, "DefaultVersionId", action, arn),
        moment_in(item, "UpdateDate", action, arn),
        item.get("AttachmentCount", 0),
    )


def element(holder: "Mapping[str, Any]", name: str, kind: type[_T], action: str, what: object) -> _T:
    """One element of an answer. Raises SourceUnavailableError where it is missing or of another kind: then it is not IAM's."""
    value = holder.get(name)
    if not isinstance(value, kind):
        raise SourceUnavailableError(
            f"{action} of {what}: the answer is not IAM's, it has no {name}",
            advice="Something between here and AWS may have answered in its place: check AWS_ENDPOINT_URL_IAM and the proxy.",
        )
    return value


def _version(holder: "Mapping[str, Any]", name: str, action: str, what: object) -> VersionId:
    text = element(holder, name, str, action, what)
    try:
        return VersionId.parse(text)
    except ValueError as error:
        raise SourceUnavailableError(
            f"{action} of {what}: {error} in {name}",
            advice="The answer is not IAM's: check the endpoint and the proxy.",
        ) from error


def moment_in(holder: "Mapping[str, Any]", name: str, action: str, what: object) -> datetime:
    """A date of an answer, UTC; see `element`."""
    return element(holder, name, datetime, action, what).astimezone(UTC)
