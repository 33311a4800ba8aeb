"""What goes wrong between us and IAM, in our words: what failed, for which policy, what to do next, which exit code.

botocore's errors are told apart by the names of their classes, their parents' included: some came only with later
releases, and nothing has to be imported to look at a name.
"""

import re
import socket
import ssl
from typing import TYPE_CHECKING

from tracker.errors import (
    CredentialsError,
    InputError,
    PermissionDeniedError,
    SetupError,
    SourceUnavailableError,
    TrackerError,
)
from tracker.sources.iam_answers import NoAnswerError

if TYPE_CHECKING:
    from collections.abc import Mapping

# Error codes of AWS: https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html
_EXPIRED = {"ExpiredToken", "ExpiredTokenException"}
_CLOCK = {"RequestExpired", "RequestTimeTooSkewed"}
_WRONG = {
    "InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch", "InvalidSignatureException",
    "IncompleteSignature", "MissingAuthenticationToken", "InvalidAccessKeyId", "AuthFailure", "OptInRequired",
}  # fmt: skip
_DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "NotAuthorized"}
_THROTTLED = {
    "Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled", "RequestThrottledException",
    "RequestLimitExceeded", "TooManyRequestsException", "SlowDown", "BandwidthLimitExceeded",
}  # fmt: skip
_BAD_INPUT = {"ValidationError", "InvalidInput", "InvalidParameterValue", "InvalidParameterCombination"}
_NEEDED = re.compile(r"not authorized to perform: (?P<action>[\w-]+:\w+)")

# Classes of botocore
_NO_CREDENTIALS = {"NoCredentialsError"}
_POOR_CREDENTIALS = {"PartialCredentialsError", "CredentialRetrievalError", "UnknownCredentialError", "MetadataRetrievalError"}  # fmt: skip
_SIGN_IN = {"SSOError", "TokenRetrievalError", "NoAuthTokenError", "LoginError"}
_ON_THE_WAY = {"ConnectionError", "HTTPClientError", "IncompleteReadError", "ResponseParserError"}


def _foreign(whose: str) -> str:
    """What to do about an answer that is not the service's own. `whose`: 'IAM', 'CloudTrail'."""
    return f"Something between here and AWS may answer in its place: check AWS_ENDPOINT_URL_{whose.upper()} and the proxy (HTTPS_PROXY, NO_PROXY)."


def outcome_of(error: Exception, ours: TrackerError | None) -> str:
    """What came of a call that failed, in a word of `OUTCOMES`. `ours` is what `translate` made of the error."""
    if str(_response(error).get("Error", {}).get("Code")) in _THROTTLED:
        return "throttled"
    for kind, word in (
        (CredentialsError, "credentials"),
        (PermissionDeniedError, "denied"),
        (SourceUnavailableError, "unavailable"),
    ):
        if isinstance(ours, kind):
            return word
    return "refused"


def is_no_such_entity(error: BaseException) -> bool:
    """True for IAM's own NoSuchEntity: an answer, not a fault."""
    return _response(error).get("Error", {}).get("Code") == "NoSuchEntity"


def translate(
    error: Exception, action: str, what: str, attempts: int, whose: str = "IAM"
) -> TrackerError | None:
    """Our error for one of botocore's, or None where it is none of botocore's: then it is our own fault."""
    doing = f"{action} of {what}"
    if isinstance(error, NoAnswerError):
        return _no_answer(error, doing, attempts, whose)
    names = {kind.__name__ for kind in type(error).__mro__}
    if "ClientError" in names:
        return _refused(_response(error), action, doing, attempts, whose)
    if names & _ON_THE_WAY:
        return _unreachable(error, names, doing, attempts, whose)
    if "ProfileNotFound" in names:
        return CredentialsError(
            f"{doing}: {_said(error)}",
            advice="Name a profile of ~/.aws/config (`aws configure list-profiles`), or unset AWS_PROFILE.",
        )
    if names & _NO_CREDENTIALS:
        return CredentialsError(
            f"{doing}: no AWS credentials found",
            advice="Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run where a role is attached.",
        )
    if names & _POOR_CREDENTIALS:
        return CredentialsError(
            f"{doing}: the AWS credentials are incomplete or can't be had: {_said(error)}",
            advice="Run `aws sts get-caller-identity` with the same profile and set right what it says.",
        )
    if names & _SIGN_IN:
        return CredentialsError(
            f"{doing}: the sign-in session is missing or has run out: {_said(error)}",
            advice="Sign in again: `aws sso login` or `aws login`, with the same profile.",
        )
    if isinstance(error, ValueError) and "timestamp" in str(error):
        return SourceUnavailableError(
            f"{doing}: the answer has a date that is none: {_said(error)}", advice=_foreign(whose)
        )
    if "BotoCoreError" in names or (isinstance(error, ValueError) and "ndpoint" in str(error)):
        return SetupError(
            f"{doing}: the AWS settings can't be used: {_said(error)}",
            advice="Check ~/.aws/config, the AWS_ variables and what policy-tracker.toml says of AWS.",
        )
    return None


def _refused(
    response: "Mapping[str, Mapping[str, object]]", action: str, doing: str, attempts: int, whose: str
) -> TrackerError:
    """AWS, or something in its place, answered with an error."""
    answer = response.get("Error", {})
    code, message = str(answer.get("Code") or ""), str(answer.get("Message") or "")
    status = int(str(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)))
    said = _short(f"{code}: {message}" if message else code)
    if code in _EXPIRED:
        return CredentialsError(
            f"{doing}: the AWS session has expired ({said})",
            advice="Sign in again (`aws sso login`), or renew the session token, then repeat.",
        )
    if code in _CLOCK or (code in _WRONG and re.search("Signature (expired|not yet current)", message)):
        return CredentialsError(
            f"{doing}: AWS refuses the time of the signature ({said})",
            advice="This machine's clock is off by minutes: set it right (NTP), then repeat.",
        )
    if code in _WRONG:
        return CredentialsError(
            f"{doing}: AWS does not accept these credentials ({said})",
            advice="Check the key, its secret and token, and that they belong to the partition of the policy's ARN.",
        )
    if code in _DENIED:
        found = _NEEDED.search(message)
        needed = found["action"] if found else f"{whose.lower()}:{action}"
        return PermissionDeniedError(
            f"{doing}: not allowed, {needed} is missing ({said})",
            advice=f"Allow {needed} to this identity; docs/iam-permissions.md has the whole policy.",
            action=needed,
        )
    if code in _THROTTLED:
        return SourceUnavailableError(
            f"{doing}: throttled, {_times(attempts)} ({said})",
            advice=f"Wait some minutes and repeat; others in this account may be asking {whose} as well.",
        )
    if code in _BAD_INPUT:
        return InputError(
            f"{doing}: AWS does not accept the request ({said})", advice="Check the policy's ARN."
        )
    if status >= 500:
        return SourceUnavailableError(
            f"{doing}: the service failed, {_times(attempts)}, at last with HTTP {status} ({said})",
            advice="Wait some minutes and repeat. If it goes on: a proxy, or an outage (health.aws.amazon.com).",
        )
    return SetupError(f"{doing}: refused with HTTP {status} ({said})", advice=_foreign(whose))


def _no_answer(error: NoAnswerError, doing: str, attempts: int, whose: str) -> TrackerError:
    """Something answered, but not IAM, or not all of it arrived."""
    tried = f", {_times(attempts)}" if error.passing else ""
    said = f"{doing}: HTTP {error.status}, {error}{tried}"
    if error.passing or error.status < 300:
        return SourceUnavailableError(said, advice=_foreign(whose))
    return SetupError(said, advice=_foreign(whose))


def _unreachable(error: Exception, names: set[str], doing: str, attempts: int, whose: str) -> TrackerError:
    """Nobody answered, or nothing that can be read."""
    causes = _causes(error)
    where = str(getattr(error, "kwargs", {}).get("endpoint_url") or f"{whose}'s endpoint")
    if "SSLError" in names or any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
        return SetupError(
            f"{doing}: the TLS certificate of {where} is not trusted: {_said(error)}",
            advice="A proxy that opens TLS? Put its root certificate into AWS_CA_BUNDLE; verification is never turned off.",
        )
    if "ProxyConnectionError" in names:
        return SourceUnavailableError(
            f"{doing}: the proxy can't be reached: {_said(error)}", advice="Check HTTPS_PROXY and NO_PROXY."
        )
    if "ConnectTimeoutError" in names or "ReadTimeoutError" in names:
        stage = "could be connected to" if "ConnectTimeoutError" in names else "answered"
        return SourceUnavailableError(
            f"{doing}: time-out, {where} never {stage} in time, {_times(attempts)}",
            advice="Check the network and the proxy, or wait; the time-outs are settings.",
        )
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return SourceUnavailableError(
            f"{doing}: the host name of {where} does not resolve (DNS)",
            advice=f"Check the network and DNS, and AWS_ENDPOINT_URL_{whose.upper()} if it is set.",
        )
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        return SourceUnavailableError(
            f"{doing}: {where} refuses the connection",
            advice=f"Check AWS_ENDPOINT_URL_{whose.upper()} if it is set, the proxy and the firewall.",
        )
    if "ResponseParserError" in names:
        return SourceUnavailableError(
            f"{doing}: the answer is no XML: {_short(str(error).partition(', invalid XML')[0])}",
            advice=_foreign(whose),
        )
    return SourceUnavailableError(
        f"{doing}: the connection broke before the whole answer was here, {_times(attempts)}: {_said(error)}",
        advice="Check the network and the proxy, then repeat.",
    )


def _response(error: BaseException) -> "Mapping[str, Mapping[str, object]]":
    """What botocore's ClientError carries, and nothing for any other error."""
    response = getattr(error, "response", None)
    return response if isinstance(response, dict) else {}


def _causes(error: BaseException) -> list[BaseException]:
    """The error and what caused it, as deep as it goes; urllib3 and botocore keep some causes as fields."""
    found: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting:
        one = waiting.pop()
        if isinstance(one, BaseException) and all(one is not other for other in found):
            found.append(one)
            kept = getattr(one, "kwargs", None)
            waiting += [one.__cause__, one.__context__, getattr(one, "reason", None)]
            waiting += [kept.get("error")] if isinstance(kept, dict) else []
    return found


def _times(attempts: int) -> str:
    return "in 1 attempt" if attempts == 1 else f"in all {attempts} attempts"


def _said(error: Exception) -> str:
    """The library's own words."""
    return _short(str(error))


def _short(text: str) -> str:
    """On one line, and no longer than a line or two."""
    text = " ".join(text.split())
    return text if len(text) <= 300 else text[:297] + "..."
