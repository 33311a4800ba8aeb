"""AWS's own channels share this: a client with explicit time-outs, and its errors as ours."""

from dataclasses import dataclass
from typing import Any

from tracker.delivery.addresses import masked, readable_answer
from tracker.errors import (
    ChannelDownError,
    CredentialsError,
    PermissionDeniedError,
    RefusedError,
    SetupError,
    TrackerError,
)

_THROTTLED = {"Throttling", "ThrottlingException", "ThrottledException", "TooManyRequestsException", "KMSThrottlingException",
              "InternalFailure", "InternalError", "InternalServiceError", "InternalException", "ServiceUnavailable"}  # fmt: skip
_CREDENTIALS = {"ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch",
                "InvalidSignatureException", "IncompleteSignature", "MissingAuthenticationToken", "OptInRequired"}  # fmt: skip
_DENIED = {
    "AccessDenied",
    "AccessDeniedException",
    "AuthorizationError",
    "AuthorizationErrorException",
    "NotAuthorized",
}


@dataclass(frozen=True, slots=True)
class AwsAccess:
    """How AWS is asked; credentials come from its own variables and profiles."""

    profile: str = ""
    region: str = ""  # empty: AWS_REGION or the profile's
    connect_timeout_s: float = 5.0
    read_timeout_s: float = 20.0

    def client(self, service: str, region: str = "") -> Any:
        """A client that tries once: trying again is the outbox's. Raises SetupError for a profile or region that isn't."""
        import boto3  # 150 ms that only who sends by AWS needs
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError

        config = Config(
            connect_timeout=self.connect_timeout_s,
            read_timeout=self.read_timeout_s,
            retries={"total_max_attempts": 1, "mode": "standard"},
        )
        try:
            session = boto3.session.Session(
                profile_name=self.profile or None, region_name=region or self.region or None
            )
            return session.client(service, config=config)
        except BotoCoreError as error:
            raise SetupError(
                f"can't make a client for {service}: {error}", advice="look at aws.profile and aws.region"
            ) from error


def who_we_are(access: AwsAccess, what: str, region: str = "") -> str:
    """Whether the credentials are good: GetCallerIdentity, which takes no permission. Raises as `judged` says."""
    client = access.client("sts", region)
    try:
        found = client.get_caller_identity()
    except Exception as error:
        raise judged(error, "AWS STS", "sts:GetCallerIdentity") from error
    finally:
        client.close()
    return f"the credentials for {what} are good, of account {found['Account']}"


def judged(error: Exception, what: str, permission: str) -> TrackerError:
    """An error of boto3 as ours. `what`: 'Amazon SES'; `permission`: the action that the call takes."""
    from botocore.exceptions import (
        ClientError,
        NoCredentialsError,
        PartialCredentialsError,
        TokenRetrievalError,
    )

    if isinstance(error, ClientError):
        return _refused(error, what, permission)
    if isinstance(error, NoCredentialsError | PartialCredentialsError | TokenRetrievalError):
        return CredentialsError(
            f"{what}: {error}",
            advice="give the tracker AWS credentials, see docs/channels; the messages wait",
        )
    return ChannelDownError(
        f"{what} can't be reached: {type(error).__name__}",
        reached=False,
        advice="the messages wait and are tried again",
    )


def response_of(error: Exception) -> dict[str, Any]:
    """What AWS answered; empty where it didn't."""
    answer: dict[str, Any] | None = getattr(error, "response", None)
    return answer or {}


def code_of(error: Exception) -> tuple[str, str]:
    """(AWS's code, its message as one line without addresses) of a ClientError."""
    said = response_of(error).get("Error", {})
    return str(said.get("Code", "")), masked(readable_answer(str(said.get("Message", ""))))


def _refused(error: Exception, what: str, permission: str) -> TrackerError:
    code, said = code_of(error)
    status = response_of(error).get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    text = f"{what} answered {code}: {said}"
    if code in _CREDENTIALS:
        return CredentialsError(text, advice="the credentials are wrong or expired; the messages wait")
    if code in _DENIED:
        return PermissionDeniedError(text, advice=f"allow {permission}; the messages wait")
    if code in _THROTTLED or status == 429 or status >= 500:
        return RefusedError(text, permanent=False)
    return RefusedError(text, permanent=True)
