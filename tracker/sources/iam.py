"""The IAM service as a source: which version of a policy is in force, and the text of those the archive lacks.

One look costs one call where nothing happened. What it asks beyond that, and why, is told beside each step; the
rules are those of docs/iam-permissions.md.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from tracker.errors import (
    DocumentError,
    PermissionDeniedError,
    PolicyMissingError,
    SourceUnavailableError,
    UnknownPolicyError,
)
from tracker.model.asking import Answer, Known, Listing, RoleNow
from tracker.model.history import Snapshot
from tracker.model.identity import PolicyArn, VersionId, is_policy_name
from tracker.sources.iam_client import Connection, FetchedVersion, IamClient, ListedVersion, PolicyNow
from tracker.sources.source import Note, unnoted

log = logging.getLogger(__name__)

Identity = tuple[VersionId, datetime]

# Where AWS keeps its policies, the most usual first. Of the 1,582 that moto 5.2.5 carries 975, 361, 226, 15 and 5
# stand there, and none elsewhere (tests/sources/test_iam_find.py counts them).
PATHS = ("/", "/aws-service-role/", "/service-role/", "/job-function/", "/root-task/")
# How often AWS is asked again at once where its answers contradict each other
ROUNDS = 3


@dataclass(slots=True)
class _Findings:
    """What one look gathers on its way, whatever it decides in the end."""

    fetched: dict[Identity, FetchedVersion] = field(default_factory=dict)
    gone: set[VersionId] = field(default_factory=set)  # listed, then NoSuchEntity
    heard: list[PolicyNow | None] = field(default_factory=list)  # an answer of GetPolicy yet to be weighed
    in_passing: bool = False  # one of many policies of a listing
    ignored: bool = False  # an answer about the default was not believed


class IamSource:
    """IAM through botocore, which boto3 is a layer on. Thread-safe; nothing is imported or connected before the first look."""

    def __init__(
        self,
        *,
        region: str = "",
        profile: str = "",
        endpoint_url: str = "",
        connect_timeout_s: float = 5.0,
        read_timeout_s: float = 20.0,
        attempts: int = 5,
        parallel: int = 8,
        profiles: Mapping[str, str] | None = None,
        note: Note = unnoted,
    ) -> None:
        """Empty text means what AWS's own variables and files say; `attempts` counts the first call too.

        `parallel` is how many calls may be under way at once, `profiles` a partition's own profile; `note` is told of each call.
        """
        self._iam = IamClient(
            Connection(
                *(region, profile, endpoint_url, connect_timeout_s, read_timeout_s, attempts),
                parallel,
                dict(profiles or {}),
            ),
            note,
        )

    def look(self, arn: PolicyArn, known: Known, listing: Listing | None = None) -> Answer:
        """The default of a policy now, and every version that IAM has and `known` lacks.

        What a listing told just now is not asked again: of a policy that nobody knows yet, whose default is its newest
        version, one call gets all that a first look at everything is about. Its older versions are not asked for then.

        Raises PolicyMissingError (NoSuchEntity, removal not proved), DocumentError (the default's document is no
        policy), CredentialsError, PermissionDeniedError, SourceUnavailableError, SetupError.
        """
        findings = _Findings(in_passing=listing is not None)
        listed = listing.policies.get(arn) if listing else None
        if listed is not None:
            findings.heard.append(PolicyNow(listed.default, listed.update_date))
        for _ in range(ROUNDS):
            now = findings.heard.pop() if findings.heard else self._iam.get_policy(arn)
            if now is None:
                return self._missing(arn, known, listing)
            default = self._settle(arn, known, now, findings)
            if default is not None:
                return _answer(arn, known, default, findings)
        if known.default is None:
            raise SourceUnavailableError(
                f"{arn}: AWS contradicts itself about the default version ({ROUNDS} times)",
                advice="The default is being moved just now: look again in some minutes.",
            )
        log.warning("%s: AWS contradicts itself about the default; %s stays on record", arn, known.default[0])
        return _answer(arn, known, known.default, findings)

    def find(self, name: str, partition: str = "aws") -> PolicyArn:
        """The ARN of an AWS managed policy by its name, tried under each of the usual paths.

        Raises UnknownPolicyError where it is under none of them, PermissionDeniedError where it may be under one
        that may not be read, and what `look` raises for other faults.
        """
        denied: PermissionDeniedError | None = None
        for path in PATHS if is_policy_name(name) else ():
            arn = PolicyArn(partition, name, path)
            try:
                if self._iam.get_policy(arn) is not None:
                    return arn
            except PermissionDeniedError as error:
                # A permission may name single policies by their whole ARN: another path may be the one.
                denied = denied or error
        if denied is not None:
            raise denied
        raise UnknownPolicyError(
            f"no AWS managed policy {name!r} in partition {partition} under the paths {', '.join(PATHS)}",
            advice="Check the spelling; for a policy under another path give the whole ARN instead of its name.",
        )

    def listing(self, partition: str, *, attached: bool = False) -> Listing:
        """Every AWS managed policy that this account sees, over all pages; with `attached` those attached in it.

        Raises SourceUnavailableError for an empty listing of all, which is not AWS's, and what `look` raises.
        """
        found = self._iam.list_policies(partition, "AWS", attached=attached)
        if not found and not attached:
            raise SourceUnavailableError(
                f"ListPolicies names no AWS managed policy at all in partition {partition}",
                advice="Check AWS_ENDPOINT_URL_IAM: this does not look like AWS.",
            )
        return Listing(partition, not attached, {one.arn: one for one in found})

    def role(self, name: str, partition: str) -> RoleNow | None:
        """A role as it is now; None: NoSuchEntity. Raises DocumentError for what is no policy, and what `look` raises."""
        from tracker.sources.iam_roles import role_now  # a look at policies alone needs none of it

        return role_now(self._iam, name, partition)

    def close(self) -> None:
        """Close the connections kept open between looks."""
        self._iam.close()

    def _settle(self, arn: PolicyArn, known: Known, now: PolicyNow, findings: _Findings) -> Identity | None:
        """The default where AWS's answers agree; None where it has to be asked again."""
        on_record = known.default if known.default and known.default[0] == now.default else None
        fetched = None if on_record else self._fetch(arn, now.default, findings)
        if self._more(known, now, fetched, findings):
            # A version was made that is not archived, though the default may have gone back already.
            listed, claim = self._fetch_unknown(arn, known, findings)
            made = next((one.identity for one in listed if one.version == now.default), on_record)
            if on_record and made and made != on_record:
                # The policy was made again: the same version id is another version.
                on_record = None
                fetched = findings.fetched.get(made) or self._fetch(arn, now.default, findings)
            elif on_record and claim:
                log.info("%s: GetPolicy names %s, %s claims to be it: asking again", arn, now.default, claim)
                return None
        if on_record is not None:
            return on_record

        if fetched is None or not fetched.is_default:
            # GetPolicy named it, GetPolicyVersion says otherwise: the default has just moved.
            log.warning("%s: GetPolicy names %s, which is not the default: asking again", arn, now.default)
            findings.ignored = True
            return None
        if known.default is None or _age(fetched.identity) >= _age(known.default):
            return fetched.identity

        # Older than the one on record: gone back in truth, or an answer of yesterday? A second read tells.
        second = self._iam.get_policy(arn)
        if second is not None and second.default == now.default:
            return fetched.identity
        log.warning("%s: ignored an answer of yesterday that names %s as the default", arn, now.default)
        findings.ignored = True
        findings.heard.append(second)
        return None

    def _more(
        self, known: Known, now: PolicyNow, fetched: FetchedVersion | None, findings: _Findings
    ) -> bool:
        """Whether there may be versions to be archived beside the default."""
        if known.lost:
            return True  # a file was moved away as damaged: IAM may still have it
        if known.newest is None and findings.in_passing and fetched is not None:
            return now.update_date > fetched.create_date
        return known.newest is None or now.update_date > known.newest

    def _fetch_unknown(
        self, arn: PolicyArn, known: Known, findings: _Findings
    ) -> tuple[tuple[ListedVersion, ...], VersionId | None]:
        """Fetch each listed version that the archive lacks: the list, and who of them says that it is the default."""
        listed, claim = self._iam.list_policy_versions(arn) or (), None
        for version in listed:
            if version.identity in known.archived or version.identity in findings.fetched:
                continue
            fetched = self._fetch(arn, version.version, findings)
            if fetched is None:
                findings.gone.add(version.version)
            elif fetched.is_default:
                claim = fetched.version
        return listed, claim

    def _fetch(self, arn: PolicyArn, version: VersionId, findings: _Findings) -> FetchedVersion | None:
        fetched = self._iam.get_policy_version(arn, version)
        if fetched is not None:
            findings.fetched[fetched.identity] = fetched
        return fetched

    def _missing(self, arn: PolicyArn, known: Known, listing: Listing | None) -> Answer:
        """NoSuchEntity. For a policy on record a complete listing that lacks it proves the removal."""
        if not known.seen:
            raise PolicyMissingError(
                f"{arn}: AWS knows no such policy",
                advice="Check the ARN. A policy that AWS has deprecated is visible only where it is attached.",
            )
        if known.default is None:
            return Answer(arn, None)  # its removal is on record already
        ours = arn.account == "aws"
        if listing is not None and listing.complete and ours and arn not in listing.policies:
            return Answer(arn, None)  # the listing is the round's own, and it is not empty
        try:
            listed = {one.arn for one in self._iam.list_policies(arn.partition, "AWS" if ours else "Local")}
        except PermissionDeniedError as error:
            raise PolicyMissingError(
                f"{arn}: AWS knows no such policy any more; whether it was removed is not proved: {error}",
                advice="Allow iam:ListPolicies, which proves a removal; docs/iam-permissions.md has the whole policy.",
            ) from error
        if arn in listed:
            raise SourceUnavailableError(
                f"{arn}: GetPolicy says that there is no such policy, ListPolicies names it",
                advice="AWS contradicts itself: look again in some minutes.",
            )
        if ours and not listed:
            raise PolicyMissingError(
                f"{arn}: AWS knows no such policy, but lists no managed policy at all, which proves nothing",
                advice="Check AWS_ENDPOINT_URL_IAM: this does not look like AWS.",
            )
        elsewhere = [one for one in listed if (one.name, one.account) == (arn.name, arn.account)]
        if elsewhere:
            return self._moved(elsewhere[0], known)
        return Answer(arn, None)

    def _moved(self, arn: PolicyArn, known: Known) -> Answer:
        """A policy that stands under another path than was known (an archive that came by name alone knows none).

        Its default is fetched although the archive has it, so that the archive learns the path with it.
        """
        log.info("%s is where the policy stands", arn)
        archived = frozenset(one for one in known.archived if one != known.default)
        return self.look(arn, replace(known, default=None, archived=archived))


def _age(identity: Identity) -> tuple[datetime, VersionId]:
    """Orders versions by when they were made: the ids of a policy that was made again start over."""
    version, create_date = identity
    return create_date, version


def _answer(arn: PolicyArn, known: Known, default: Identity, findings: _Findings) -> Answer:
    snapshots, unread = [], findings.gone - {version for version, _ in findings.fetched}
    for identity, fetched in findings.fetched.items():
        if identity in known.archived:
            continue
        try:
            snapshots.append(_snapshot(arn, fetched))
        except DocumentError as error:
            if identity == default:
                raise
            log.warning("not stored: %s", error)
            unread.add(fetched.version)
    return Answer(
        arn,
        default,
        tuple(sorted(snapshots, key=lambda snapshot: _age(snapshot.identity))),
        tuple(sorted(unread)),
        stale=findings.ignored and default == known.default,
    )


def _snapshot(arn: PolicyArn, fetched: FetchedVersion) -> Snapshot:
    """A fetched version as the archive keeps it. Raises DocumentError, naming policy and version."""
    from tracker.policy.parse import canonical_text, digest

    text = canonical_text(fetched.raw, what=f"{arn.name} {fetched.version}")
    return Snapshot(arn, fetched.version, fetched.create_date, text, digest(text), "iam")
