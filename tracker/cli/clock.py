"""What time AWS has: the Date header of any answer, whatever the answer is."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

IAM = "https://iam.amazonaws.com"


def aws_clock(environ: Mapping[str, str], timeout_s: float) -> datetime | None:
    """The time of the IAM endpoint that the usual variables name, to the second; None where it does not tell."""
    asked = urlsplit(environ.get("AWS_ENDPOINT_URL_IAM") or environ.get("AWS_ENDPOINT_URL") or IAM)
    if asked.scheme not in ("http", "https") or not asked.hostname:
        return None
    kind = HTTPSConnection if asked.scheme == "https" else HTTPConnection
    connection = kind(asked.hostname, asked.port, timeout=timeout_s)
    try:
        connection.request("HEAD", "/")
        told = connection.getresponse().getheader("Date")
        return parsedate_to_datetime(told).astimezone(UTC) if told else None
    except (OSError, HTTPException, ValueError):
        return None
    finally:
        connection.close()
