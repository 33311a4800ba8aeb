"""One file of somebody's archive: an answer of get-policy-version in any of the shapes seen in the wild, or a bare document.

    {"PolicyVersion": {"VersionId", "CreateDate", "IsDefaultVersion", "Document"}}     as the AWS CLI prints it
    {"VersionId", "CreateDate", "Document"}                                            the same without its wrapper
    {"Version", "Statement"}                                                           the document alone

A Document may be an object, JSON text or URL-encoded JSON text. Of CreateDate there are ISO 8601 with `Z`, with an
offset or with a blank for the T, RFC 5322 ('Thu, 14 Nov 2019 22:39:25 GMT') and seconds since 1970.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from tracker.errors import DocumentError
from tracker.model.identity import PolicyArn, VersionId, is_policy_name
from tracker.model.instants import parse_instant
from tracker.policy.json_text import read_json

LARGEST = 16 * 1024 * 1024  # bytes of a file; a real answer has 260 KB at most
_NEITHER = "neither an answer of get-policy-version (PolicyVersion, or VersionId with Document) nor a policy document"
_ADVICE = "nothing was stored of it; look at the file where it comes from"
_STAMP = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d):?(\d\d):?(\d\d)(\.\d{1,6})?Z\Z")

# A file's name beside the policy's: 'ReadOnlyAccess@v3@2021-11-12', or in a folder of the policy's name 'v3'.
Identity = tuple[VersionId | None, datetime | None]


@dataclass(frozen=True, slots=True)
class Told:
    """What one file tells: a version of a policy, and whether it was in force."""

    version: VersionId
    create_date: datetime  # UTC
    document: str | Mapping[str, object]  # unread
    in_force: bool  # False: IAM said with it that it is not the default
    arn: PolicyArn | None  # where the file tells it


def read_answer(content: bytes, what: str, given: Identity = (None, None)) -> Told:
    """What a file tells. `given` is what its name or a flag says of a bare document's version and date.

    `what` names it in errors. Raises DocumentError for everything that is no answer: empty, cut off, not JSON, of no
    known shape, without a version or a date.
    """
    if len(content) > LARGEST:
        raise _refusal(what, f"{len(content):,} bytes, where {LARGEST:,} are the limit")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _refusal(what, f"not UTF-8 (byte {error.start})") from None
    value = read_json(text, what)
    answer = value.get("PolicyVersion", value)
    if not isinstance(answer, dict):
        raise _refusal(what, _NEITHER)
    if "Document" in answer:
        return _answer(answer, value, what, given)
    if "Statement" in answer and answer is value:
        version, create_date = given
        if version is None or create_date is None:
            raise _refusal(
                what,
                "a bare document, of which nothing tells the version and the date",
                "name the file NAME@v3@2021-11-12.json, or give --version and --date",
            )
        return Told(version, create_date, value, True, None)
    raise _refusal(what, _NEITHER)


def _answer(answer: Mapping[str, object], whole: Mapping[str, object], what: str, given: Identity) -> Told:
    document, in_force = answer["Document"], answer.get("IsDefaultVersion", True)
    if not isinstance(document, str | dict):
        raise _refusal(what, "its Document is neither an object nor text")
    if not isinstance(in_force, bool):
        raise _refusal(what, f"its IsDefaultVersion is neither true nor false: {in_force!r:.40}")
    about = whole.get("Policy")
    return Told(
        version=_version(answer, what, given),
        create_date=_create_date(answer, what, given),
        document=document,
        in_force=in_force,
        arn=_arn(about if isinstance(about, dict) else answer),
    )


def _version(answer: Mapping[str, object], what: str, given: Identity) -> VersionId:
    told = answer.get("VersionId", given[0] and str(given[0]))
    try:
        return VersionId.parse(told if isinstance(told, str) else "")
    except ValueError:
        raise _refusal(what, f"its VersionId is {told!r:.40}, not such as 'v57'") from None


def _create_date(answer: Mapping[str, object], what: str, given: Identity) -> datetime:
    told = answer.get("CreateDate", given[1])
    try:
        return told if isinstance(told, datetime) else read_date(told)
    except (ValueError, OverflowError, OSError):
        raise _refusal(what, f"its CreateDate is no date: {told!r:.60}") from None


def read_date(told: object) -> datetime:
    """A date in one of the styles of the wild, aware, in UTC. Raises ValueError, OverflowError, OSError."""
    if isinstance(told, int | float) and not isinstance(told, bool):
        return datetime.fromtimestamp(told, UTC)
    if not isinstance(told, str):
        raise ValueError(told)  # noqa: TRY004 -- it is the file's fault, not a caller's
    try:
        return parse_instant(told)
    except ValueError:
        moment = parsedate_to_datetime(told)
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)


def _arn(about: Mapping[str, object]) -> PolicyArn | None:
    told = about.get("Arn")
    try:
        return PolicyArn.parse(told) if isinstance(told, str) else None
    except ValueError:
        return None


def name_of(stem: str, folder: str = "") -> tuple[str, Identity] | None:
    """(policy, (version, date)) of a file's name without `.json`; None for a name that is no policy's.

    `ReadOnlyAccess`, `ReadOnlyAccess@v3`, `ReadOnlyAccess@v3@2021-11-12`; in a folder named after the policy also `v3`,
    `v3@2021-11-12` and `2021-11-12T000103Z_v3`.
    """
    name, *rest = stem.split("@")
    stamp, _, version = stem.partition("_")
    alone = _version_and_date([version, stamp] if version else [name, *rest])
    if folder and alone is not None and is_policy_name(folder):
        return folder, alone
    more = _version_and_date(rest) if rest else (None, None)
    return (name, more) if more is not None and is_policy_name(name) else None


def _version_and_date(texts: list[str]) -> Identity | None:
    """What `v3` and a date after it say; None for anything else."""
    version, *date = texts
    try:
        return VersionId.parse(version), _date_in_name(*date) if date else None
    except (ValueError, TypeError):  # TypeError: more than one date
        return None


def _date_in_name(text: str) -> datetime:
    stamp = _STAMP.match(text)
    return parse_instant(f"{stamp[1]}T{stamp[2]}:{stamp[3]}:{stamp[4]}{stamp[5] or ''}Z" if stamp else text)


def _refusal(what: str, problem: str, advice: str = _ADVICE) -> DocumentError:
    return DocumentError(f"{what}: {problem}", advice=advice)
