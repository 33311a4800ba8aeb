"""Text from a document made harmless: what is printed can neither move a cursor nor turn a line around."""

import re
from typing import TYPE_CHECKING

from tracker.model.identity import FILE, PolicyArn

if TYPE_CHECKING:
    from markupsafe import Markup

# Control characters (terminal escapes among them), line and paragraph separators, bidirectional controls
# (https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters), invisible ones that make two texts look
# alike, byte order marks, tags, and halves of surrogates, which no encoder takes.
_HARMFUL = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\ud800-\udfff\U000e0000-\U000e0fff]"
)
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def _visible(found: re.Match[str]) -> str:
    sign = found[0]
    if sign in _SHORT:
        return _SHORT[sign]
    return f"\\u{ord(sign):04x}" if ord(sign) < 0x10000 else f"\\U{ord(sign):08x}"


def inert(text: str) -> str:
    r"""The text with every control, bidirectional or invisible character spelt out, as `\u202e`."""
    return text if text.isascii() and text.isprintable() else _HARMFUL.sub(_visible, text)


def inert_lines(text: str) -> "Markup":
    """The text escaped for HTML with its line ends kept: a document as it is, and harmless."""
    from markupsafe import Markup, escape

    if text.isascii() and text.replace("\n", "").isprintable():
        return escape(text)
    return Markup("\n").join(escape(inert(line)) for line in text.split("\n"))


_CONSOLES = {
    "aws": "https://console.aws.amazon.com",
    "aws-cn": "https://console.amazonaws.cn",
    "aws-us-gov": "https://console.amazonaws-us-gov.com",
}


def console_link(policy: PolicyArn) -> str:
    """The policy's page in the IAM console; empty for a file's, and a partition whose console nobody outside can name."""
    base = _CONSOLES.get(policy.partition) if policy.account != FILE else None
    if base is None:
        return ""
    arn = re.sub(
        r"[^A-Za-z0-9:/._~@,=+-]",
        lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()),
        str(policy),
    )
    if policy.is_role:
        return f"{base}/iam/home#/roles/details/{arn.rpartition('/')[2]}"
    return f"{base}/iam/home#/policies/{arn}"
