"""Whether a message of SNS is AWS's: its signature, its certificate's address, and a topic that the operator listed.

https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html. The signature alone proves nothing:
anybody may have AWS sign a message of a topic of their own.
"""

import base64
import binascii
import json
import re
from collections.abc import Callable, Collection
from typing import Any

from tracker.errors import InputError, SetupError

# A certificate of AWS's, from AWS's own host and nowhere else.
_CERTIFICATE = re.compile(
    r"https://sns\.[a-z0-9-]{4,30}\.amazonaws\.com(\.cn)?/SimpleNotificationService-[A-Za-z0-9]{16,80}\.pem\Z"
)
_CONFIRM = re.compile(
    r"https://sns\.[a-z0-9-]{4,30}\.amazonaws\.com(\.cn)?/\?Action=ConfirmSubscription&[\x21-\x7e]+\Z"
)
_SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": (
        "Message",
        "MessageId",
        "SubscribeURL",
        "Timestamp",
        "Token",
        "TopicArn",
        "Type",
    ),
    "UnsubscribeConfirmation": (
        "Message",
        "MessageId",
        "SubscribeURL",
        "Timestamp",
        "Token",
        "TopicArn",
        "Type",
    ),
}


def verified(raw: bytes, topics: Collection[str], fetch: Callable[[str], bytes]) -> dict[str, Any]:
    """The envelope, verified. `topics`: ARNs that are listened to; `fetch`: the bytes at an https address.

    Raises InputError for what is no message of SNS, of another topic, or not AWS's; SetupError without `cryptography`.
    """
    envelope = _envelope(raw)
    if envelope["TopicArn"] not in topics:
        raise InputError(
            "a message of a topic that is not listened to",
            advice="list the topic's ARN in channels.ses_topics, if it is yours",
        )
    url = envelope["SigningCertURL"]
    if not _CERTIFICATE.match(url):
        raise InputError("its certificate is not at an address of AWS's")
    _verify(envelope, fetch(url))
    return envelope


def confirmation(envelope: dict[str, Any]) -> str:
    """Where a verified SubscriptionConfirmation wants to be confirmed; empty for any other message."""
    url = str(envelope.get("SubscribeURL", ""))
    return url if envelope["Type"] == "SubscriptionConfirmation" and _CONFIRM.match(url) else ""


def _envelope(raw: bytes) -> dict[str, Any]:
    try:
        envelope = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise InputError("not a message of SNS: no JSON") from error
    if not isinstance(envelope, dict) or str(envelope.get("Type")) not in _SIGNED:
        raise InputError("not a message of SNS")
    needed = {*_SIGNED[envelope["Type"]], "Signature", "SignatureVersion", "SigningCertURL"} - {"Subject"}
    if any(not isinstance(envelope.get(name), str) for name in needed):
        raise InputError("not a message of SNS: a field is missing")
    return envelope


def _verify(envelope: dict[str, Any], pem: bytes) -> None:
    try:
        from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
        from cryptography.hazmat.primitives.hashes import SHA1, SHA256
        from cryptography.x509 import InvalidVersion, load_pem_x509_certificate
    except ImportError as error:
        raise SetupError(
            "signatures of SNS can't be verified here", advice="pip install 'policy-tracker[bounces]'"
        ) from error
    # Version 1 is SHA-1, which SNS still uses where a topic is not set to 2.
    hashing = {"1": SHA1, "2": SHA256}.get(envelope["SignatureVersion"])
    if hashing is None:
        raise InputError("its signature is of a version that nobody knows")
    text = "".join(f"{name}\n{envelope[name]}\n" for name in _SIGNED[envelope["Type"]] if name in envelope)
    try:
        key = load_pem_x509_certificate(pem).public_key()
        if not isinstance(key, RSAPublicKey):
            raise InputError("its certificate holds no RSA key")
        key.verify(
            base64.b64decode(envelope["Signature"], validate=True), text.encode(), PKCS1v15(), hashing()
        )
    except (InvalidSignature, UnsupportedAlgorithm, InvalidVersion, binascii.Error, ValueError) as error:
        raise InputError("its signature does not fit: somebody else wrote or changed it") from error
