"""Every error that policy-tracker raises on purpose, and the exit code of each.

    TrackerError
    ├── InputError            2   usage, or input that can't be read
    │   ├── DocumentError         a policy document that is no policy: named by policy, version, place
    │   └── UnknownPolicyError    a name, version or date that the archive does not know
    ├── PartialFailure        3   part of the work failed: a policy missing, a mail stuck, verify found something
    │   ├── PolicyMissingError    AWS says NoSuchEntity for one policy
    │   └── RefusedError          a mail server refused one message to one recipient, for now or for good
    ├── SetupError            4   what a person must set right before it can work
    │   ├── SettingsError         a settings key: file, key, value, what would be right
    │   ├── CredentialsError      none, expired or wrong
    │   └── PermissionDeniedError AccessDenied, naming the action that is missing
    └── TryLaterError        75   throttled, refused, DNS, time-out, locked
        ├── SourceUnavailableError
        ├── ChannelDownError      the mail server can't be reached, or hung up
        └── LockedError

Anything else that reaches the shell is our own fault: exit code 70.
"""


class TrackerError(Exception):
    """What went wrong and with what (`str(error)`), and what to do next (`advice`)."""

    exit_code = 70

    def __init__(self, message: str, *, advice: str = "") -> None:
        super().__init__(message)
        self.advice = advice


class InputError(TrackerError):
    """Usage, or input that can't be read."""

    exit_code = 2


class DocumentError(InputError):
    """A policy document that is refused: it is never compared, never stored."""


class UnknownPolicyError(InputError):
    """A policy, version or date that the archive does not know."""


class PartialFailure(TrackerError):  # noqa: N818 -- it is an outcome of a round, named as the design names it
    """Part of the work failed and the rest was done."""

    exit_code = 3


class PolicyMissingError(PartialFailure):
    """AWS answers NoSuchEntity for one policy."""


class RefusedError(PartialFailure):
    """A channel refused one message to one recipient; the others are not concerned."""

    def __init__(
        self, message: str, *, permanent: bool, advice: str = "", retry_after_s: float | None = None
    ) -> None:
        super().__init__(message, advice=advice)
        self.permanent = permanent  # False: the same may go through later
        self.retry_after_s = retry_after_s  # seconds that the receiver asked us to wait, if it did


class SetupError(TrackerError):
    """Configuration, credentials or permissions that a person must set right."""

    exit_code = 4


class SettingsError(SetupError):
    """A settings key with its file, its value and what would be right."""


class CredentialsError(SetupError):
    """No credentials, expired ones, or wrong ones."""


class PermissionDeniedError(SetupError):
    """AccessDenied, naming the IAM action that is missing."""

    def __init__(self, message: str, *, advice: str = "", action: str = "") -> None:
        super().__init__(message, advice=advice)
        self.action = action  # 'iam:GetRole', or empty where nobody said which


class TryLaterError(TrackerError):
    """The same call may go through later."""

    exit_code = 75


class SourceUnavailableError(TryLaterError):
    """AWS could not be asked: throttled, refused, DNS, time-out, a cut-off or foreign answer."""


class ChannelDownError(TryLaterError):
    """A channel as a whole can't be used just now: refused, timed out, hung up in the middle."""

    def __init__(self, message: str, *, reached: bool, advice: str = "") -> None:
        super().__init__(message, advice=advice)
        self.reached = reached  # it had answered: one message's fault perhaps, the next one may go through


class LockedError(TryLaterError):
    """Another process holds the tracker's lock or its database for longer than we wait."""
