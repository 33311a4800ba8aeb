"""Is what arrived an answer of IAM's at all, and a whole one? Judged on the bytes, before botocore reads them.

botocore does not hold a body against its Content-Length, takes any well-formed page for an answer, and forgets the
status of a page that it can't read. So each body must begin and end as IAM's do; then what is cut off anywhere, or
comes from a proxy, is known for what it is.
"""

from typing import Any


class NoAnswerError(Exception):
    """What arrived is no whole answer of IAM's."""

    def __init__(self, said: str, status: int, *, cut_off: bool) -> None:
        super().__init__(said)
        self.status = status
        self.cut_off = cut_off

    @property
    def passing(self) -> bool:
        """True where the same call may go through in a moment."""
        return self.cut_off or self.status == 429 or self.status >= 500


def judge(response_dict: dict[str, Any], operation_model: Any, **_: object) -> None:
    """A handler of botocore's event `before-parse`: raises NoAnswerError for a body that is not IAM's, or not whole."""
    status: int = response_dict["status_code"]
    body: bytes = response_dict["body"].strip()
    roots = [f"{operation_model.name}Response"] if status < 300 else ["ErrorResponse", "Response"]
    if not body:
        raise NoAnswerError("the answer is empty", status, cut_off=True)
    for root in roots:
        if f"<{root}".encode() not in body[:200]:
            continue
        if not body.endswith(f"</{root}>".encode()):
            raise NoAnswerError(f"the answer is cut off after {len(body)} bytes", status, cut_off=True)
        if status >= 300 or f"<{operation_model.name}Result".encode() in body:
            return
    begins = " ".join(body[:60].decode(errors="replace").split())
    raise NoAnswerError(f"the answer is not IAM's, it begins with {begins!r}", status, cut_off=False)
