"""What an IAM may answer on the wire, good and bad: for the fake IAM, and for tests to hand to it."""

from dataclasses import dataclass, replace
from xml.sax.saxutils import escape

NAMESPACE = "https://iam.amazonaws.com/doc/2010-05-08/"
CALLER = "arn:aws:sts::123456789012:assumed-role/tracker/session"


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer on the wire, good or bad."""

    body: bytes
    status: int = 200
    content_type: str = "text/xml"
    missing_bytes: int = 0  # promised by Content-Length and never sent: a body cut off on the way
    wait_s: float = 0.0  # silence before the answer
    hang_up: bool = False  # close the connection without a word


def answer(action: str, result: str) -> Reply:
    """A good answer of `action` with this XML as its result."""
    return Reply(
        f'<{action}Response xmlns="{NAMESPACE}"><{action}Result>{result}</{action}Result>'
        f"<ResponseMetadata><RequestId>7a62c49f-347e-4fc4-9331-6e8eEXAMPLE</RequestId></ResponseMetadata>"
        f"</{action}Response>".encode()
    )


def fault(code: str, status: int, message: str) -> Reply:
    """An error in IAM's own form."""
    kind = "Sender" if status < 500 else "Receiver"
    return Reply(
        f'<ErrorResponse xmlns="{NAMESPACE}"><Error><Type>{kind}</Type><Code>{code}</Code>'
        f"<Message>{escape(message)}</Message></Error><RequestId>7a62c49f-347e-4fc4-9331-6e8eEXAMPLE</RequestId>"
        f"</ErrorResponse>".encode(),
        status=status,
    )


def no_such_entity(message: str) -> Reply:
    """NoSuchEntity."""
    return fault("NoSuchEntity", 404, message)


def access_denied(action: str, resource: str) -> Reply:
    """AccessDenied in AWS's words."""
    return fault(
        "AccessDenied",
        403,
        f"User: {CALLER} is not authorized to perform: iam:{action} on resource: {resource}"
        f" because no identity-based policy allows the iam:{action} action",
    )


def throttled() -> Reply:
    """IAM's own throttling."""
    return fault("Throttling", 400, "Rate exceeded")


def expired_token() -> Reply:
    """A session that has run out."""
    return fault("ExpiredToken", 403, "The security token included in the request is expired")


def invalid_token() -> Reply:
    """An access key that nobody knows."""
    return fault("InvalidClientTokenId", 403, "The security token included in the request is invalid.")


def html(status: int = 200) -> Reply:
    """The page of a proxy that stands in between."""
    page = f"<!DOCTYPE html><html><head><title>{status}</title></head><body><h1>Blocked<br>by your proxy</h1></body></html>"
    return Reply(page.encode(), status=status, content_type="text/html")


def cut_off(reply: Reply, *, sent: int) -> Reply:
    """The same answer of which only the first `sent` bytes arrive, though its length promised all."""
    return replace(reply, body=reply.body[:sent], missing_bytes=len(reply.body) - sent)


def silence(seconds: float = 30.0) -> Reply:
    """No answer for that long (or until the server is closed)."""
    return Reply(b"", status=200, wait_s=seconds, hang_up=True)


def hang_up() -> Reply:
    """The connection closed without a word."""
    return Reply(b"", hang_up=True)
