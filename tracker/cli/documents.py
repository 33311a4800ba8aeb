"""Policy documents in files that a person names: bare, as IAM answers them, or as this archive keeps them."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tracker.cli.policies import read_text
from tracker.errors import DocumentError
from tracker.model.history import Endpoint
from tracker.model.identity import FILE, PolicyArn, VersionId
from tracker.model.instants import parse_instant
from tracker.policy.document import Document
from tracker.policy.json_text import read_json
from tracker.policy.parse import parse_document

_NOT_A_NAME = re.compile(r"[^\w+=,.@-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class FileDocument:
    """A document, and what its file says of where it comes from."""

    path: Path
    document: Document
    arn: PolicyArn | None  # None: the file does not say
    endpoint: Endpoint | None


def is_file(argument: str) -> bool:
    """True for what is meant as a file: it has a slash or ends in .json, and is no ARN."""
    return not argument.startswith("arn:") and ("/" in argument or argument.endswith(".json"))


def read_document(path: Path) -> FileDocument:
    """Read a policy document from a file. Raises InputError where it can't be read, DocumentError where it is none."""
    try:
        return _read(path, read_text(path))
    except DocumentError as error:  # nothing was fetched: what the core advises does not fit a file
        raise DocumentError(str(error), advice="mend the file, or name another") from error


def _read(path: Path, text: str) -> FileDocument:
    found = read_json(text, str(path))
    if "Statement" in found or not {"document", "PolicyVersion", "Document"} & found.keys():
        return FileDocument(path, parse_document(text, what=str(path)), None, None)
    if "document" in found:  # as snapshots/ has it
        inner, version, made = found["document"], found.get("version"), found.get("create_date")
    else:  # as `aws iam get-policy-version` prints it
        answer: Any = found.get("PolicyVersion", found)
        answer = answer if isinstance(answer, dict) else {}
        inner, version, made = answer.get("Document"), answer.get("VersionId"), answer.get("CreateDate")
    document = parse_document(inner if isinstance(inner, str | dict) else {}, what=str(path))
    return FileDocument(path, document, _arn(found.get("arn")), _endpoint(version, made))


def policy_of(before: FileDocument, after: FileDocument) -> PolicyArn:
    """The policy that both files are of, else one that is named after the newer file and says in its ARN that it is a file."""
    if before.arn and before.arn == after.arn:
        return before.arn
    return PolicyArn("aws", _NOT_A_NAME.sub("-", after.path.stem)[:128] or "file", account=FILE)


def _arn(text: object) -> PolicyArn | None:
    try:
        return PolicyArn.parse(str(text))
    except ValueError:
        return None


def _endpoint(version: object, made: object) -> Endpoint | None:
    try:
        moment: datetime = parse_instant(str(made)).astimezone(UTC)
        return Endpoint(VersionId.parse(str(version)), moment, None)
    except ValueError:
        return None
