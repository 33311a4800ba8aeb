"""What goes wrong between us and IAM, in our words: what failed, for which policy, what to do next, which exit code."""

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

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

# Source: https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html
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


def is_no_such_entity(error: BaseException) -> bool:
    """True for IAM's own NoSuchEntity: an answer, not a fault."""
    response = getattr(error, "response", None)
    return isinstance(response, dict) and response.get("Error", {}).get("Code") == "NoSuchEntity"


def translate(error: Exception, action: str, what: str, attempts: int) -> TrackerError | None:
    """Our error for one of botocore's, or None where it is none of botocore's: then it is our own fault."""
    from botocore import exceptions as aws

    doing = f"{action} of {what}"
    match error:
        case aws.ClientError():
            return _refused(error, action, doing, attempts)
        case aws.ProfileNotFound():
            return CredentialsError(
                f"{doing}: {_said(error)}",
                advice="Name a profile of ~/.aws/config (`aws configure list-profiles`), or unset AWS_PROFILE.",
            )
        case aws.NoCredentialsError():
            return CredentialsError(
                f"{doing}: no AWS credentials found",
                advice="Set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run where a role is attached.",
            )
        case aws.PartialCredentialsError() | aws.CredentialRetrievalError() | aws.InvalidConfigError():
            return CredentialsError(
                f"{doing}: the AWS credentials are incomplete or could not be had: {_said(error)}",
                advice="Run `aws sts get-caller-identity` with the same profile and set right what it says.",
            )
        case aws.SSOError() | aws.TokenRetrievalError() | aws.NoAuthTokenError() | aws.LoginError():
            return CredentialsError(
                f"{doing}: the sign-in session is missing or has run out: {_said(error)}",
                advice="Sign in again: `aws sso login` (or `aws login`) with the same profile.",
            )
        case aws.ConfigParseError() | aws.ConfigNotFound() | aws.UnableToParseSettingError():
            return SetupError(f"{doing}: {_said(error)}", advice="Set right the file that it names.")
        case aws.BotoCoreError():
            return _unreachable(error, doing, attempts)
    return None


def _refused(error: "ClientError", action: str, doing: str, attempts: int) -> TrackerError:
    """AWS, or something in its place, answered with an error."""
    answer = error.response.get("Error", {})
    code, message = str(answer.get("Code", "")), str(answer.get("Message", ""))
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    said = f"{code}: {message}" if message else code
    if code in _EXPIRED:
        return CredentialsError(
            f"{doing}: the AWS session has expired ({said})",
            advice="Sign in again (`aws sso login`), or renew the session token, then repeat.",
        )
    if code in _CLOCK or (code in _WRONG and ("expired" in message or "not yet current" in message)):
        return CredentialsError(
            f"{doing}: AWS refuses the signature's time ({said})",
            advice="This machine's clock is wrong by minutes: set it right (NTP), then repeat.",
        )
    if code in _WRONG:
        return CredentialsError(
            f"{doing}: AWS does not accept these credentials ({said})",
            advice="Check the key, its secret and token, and that they belong to the partition of the policy's ARN.",
        )
    if code in _DENIED:
        found = _NEEDED.search(message)
        needed = found["action"] if found else f"iam:{action}"
        return PermissionDeniedError(
            f"{doing}: not allowed, {needed} is missing ({said})",
            advice=f"Allow {needed} to this identity; docs/iam-permissions.md has the whole policy.",
        )
    if code in _THROTTLED or status == 429:
        return SourceUnavailableError(
            f"{doing}: AWS throttled all {attempts} attempts ({said})",
            advice="Wait some minutes and repeat; others in this account may be asking IAM as well.",
        )
    if code in _BAD_INPUT:
        return InputError(
            f"{doing}: AWS does not accept the request ({said})", advice="Check the policy's ARN."
        )
    if status >= 500:
        return SourceUnavailableError(
            f"{doing}: the service failed {attempts} times, at last with HTTP {status} ({said})",
            advice="Wait some minutes and repeat; health.aws.amazon.com tells of outages.",
        )
    return SetupError(
        f"{doing}: refused with HTTP {status} ({said})",
        advice="If this is not AWS's own answer, check AWS_ENDPOINT_URL_IAM and the proxy (HTTPS_PROXY, NO_PROXY).",
    )


def _unreachable(error: Exception, doing: str, attempts: int) -> TrackerError:
    """Nobody answered, or nothing that can be read."""
    from botocore import exceptions as aws

    causes = list(_chain(error))
    where = str(getattr(error, "kwargs", {}).get("endpoint_url") or "IAM's endpoint")
    if isinstance(error, aws.SSLError) or any(
        isinstance(cause, ssl.SSLCertVerificationError) for cause in causes
    ):
        return SetupError(
            f"{doing}: the TLS certificate of {where} is not trusted: {_said(error)}",
            advice="A proxy that opens TLS? Put its root certificate into AWS_CA_BUNDLE. Verification is never turned off.",
        )
    if isinstance(error, aws.ProxyConnectionError):
        return SourceUnavailableError(
            f"{doing}: the proxy can't be reached: {_said(error)}", advice="Check HTTPS_PROXY and NO_PROXY."
        )
    if isinstance(error, aws.ConnectTimeoutError | aws.ReadTimeoutError):
        stage = "connect" if isinstance(error, aws.ConnectTimeoutError) else "answer"
        return SourceUnavailableError(
            f"{doing}: {where} did not {stage} in time, {attempts} times",
            advice="Check the network and the proxy, or wait; the time-outs are settings.",
        )
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return SourceUnavailableError(
            f"{doing}: the name of {where} does not resolve (DNS)",
            advice="Check the network, DNS, and AWS_ENDPOINT_URL_IAM if it is set.",
        )
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        return SourceUnavailableError(
            f"{doing}: {where} refuses the connection",
            advice="Check AWS_ENDPOINT_URL_IAM, the proxy and the firewall.",
        )
    if isinstance(error, aws.ResponseParserError):
        return SourceUnavailableError(
            f"{doing}: the answer is cut off or is no XML: {_said(error)}",
            advice="Something between here and AWS may have answered in its place: check AWS_ENDPOINT_URL_IAM and the proxy.",
        )
    return SourceUnavailableError(
        f"{doing}: the answer did not arrive: {_said(error)}", advice="Check the network, then repeat."
    )


def _chain(error: BaseException | None) -> "list[BaseException]":
    """The error and what caused it, as deep as it goes; urllib3 keeps some causes in `reason` and `error`."""
    found: list[BaseException] = []
    waiting = [error]
    while waiting:
        one = waiting.pop()
        if not isinstance(one, BaseException) or one in found:
            continue
        found.append(one)
        waiting += [
            one.__cause__,
            one.__context__,
            getattr(one, "reason", None),
            getattr(one, "kwargs", {}).get("error"),
        ]
    return found


def _said(error: Exception) -> str:
    """The library's own words on one line."""
    text = " ".join(str(error).split())
    return text if len(text) <= 300 else text[:297] + "..."
