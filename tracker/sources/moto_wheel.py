"""Versions of AWS managed policies from a released wheel of moto, which carries the default version of each.

A wheel is a zip, and the data in it a JSON text assigned to a name in a Python file: read as data, never executed.
The data's maker is https://github.com/getmoto/moto/blob/master/scripts/update_managed_policies.py. There are two
layouts: by release 4.2 an entry has lost its Arn, its PolicyName and its VersionId.

CreateDate in an entry is the policy's own, of years ago. UpdateDate is when the policy's newest version was created:
the date of the version in the entry so long as the default was the newest, which a test holds for what we ship.
"""

import ast
import json
import zipfile
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from tracker.errors import InputError
from tracker.model.history import Snapshot
from tracker.model.identity import PolicyArn, VersionId
from tracker.model.instants import parse_instant
from tracker.policy.parse import canonical_text, digest

DATA_FILE = "moto/iam/aws_managed_policies.py"
DATA_NAME = "aws_managed_policies_data"
MAX_BYTES = 64 * 1024 * 1024  # of the data file unpacked; 4.7 MB in moto 5.2.4


def read_wheel(wheel: Path, policies: Collection[str] | None = None) -> tuple[Snapshot, ...]:
    """The snapshots that a moto wheel carries, of the policies named or of all, sorted by ARN.

    A policy that the wheel doesn't know is left out. Raises InputError where it is no such wheel, or an entry of it
    can't be read; DocumentError where a document is no policy.
    """
    try:
        with zipfile.ZipFile(wheel) as archive:
            release = _release(archive, wheel)
            entries = _entries(archive, wheel)
    except (OSError, zipfile.BadZipFile) as error:
        raise InputError(f"{wheel} can't be read as a wheel: {error}", advice="download it again") from error
    wanted = sorted(entries) if policies is None else [name for name in sorted(entries) if name in policies]
    return tuple(
        sorted((_snapshot(name, entries[name], release) for name in wanted), key=lambda each: each.arn)
    )


def _release(archive: zipfile.ZipFile, wheel: Path) -> str:
    """The version that the wheel's own metadata states: '5.2.4'."""
    for name in archive.namelist():
        if name.startswith("moto-") and name.endswith(".dist-info/METADATA"):
            headers, _, _ = archive.read(name).decode("utf-8").partition("\n\n")
            for line in headers.splitlines():
                if line.startswith("Version: "):
                    return line.removeprefix("Version: ").strip()
    raise InputError(f"{wheel} is no wheel of moto: it has no moto metadata with a version")


def _entries(archive: zipfile.ZipFile, wheel: Path) -> Mapping[str, Any]:
    """Policy name -> entry, as the data file has them."""
    try:
        member = archive.getinfo(DATA_FILE)
    except KeyError:
        raise InputError(f"{wheel} has no {DATA_FILE}", advice="moto has carried it since 1.3") from None
    if member.file_size > MAX_BYTES:
        raise InputError(
            f"{wheel}: {DATA_FILE} claims {member.file_size:,} bytes; {MAX_BYTES:,} at most are read"
        )
    try:
        for statement in ast.parse(archive.read(member).decode("utf-8")).body:
            match statement:
                case ast.Assign(targets=[ast.Name(id=name)], value=value) if name == DATA_NAME:
                    entries = json.loads(ast.literal_eval(value))
                    if isinstance(entries, dict):
                        return entries
    except (SyntaxError, ValueError, TypeError) as error:
        raise InputError(f"{wheel}: {DATA_FILE} can't be read as data: {error}") from error
    raise InputError(f"{wheel}: {DATA_FILE} assigns no policies to {DATA_NAME}")


def _snapshot(name: str, entry: Mapping[str, Any], release: str) -> Snapshot:
    what = f"{name} in moto {release}"
    try:
        arn = PolicyArn.parse(f"arn:aws:iam::aws:policy{entry.get('Path', '/')}{name}")
        version = VersionId.parse(entry["DefaultVersionId"])
        create_date = parse_instant(entry["UpdateDate"])
        document = entry["Document"]
    except KeyError as error:
        raise InputError(f"{what} has no {error.args[0]}") from error
    except (AttributeError, TypeError, ValueError) as error:
        raise InputError(f"{what} can't be read: {error}") from error
    # Only the older layout repeats these; where it does, they must agree.
    for key, ours in (("Arn", arn), ("VersionId", version)):
        if (stated := entry.get(key, str(ours))) != str(ours):
            raise InputError(f"{what} contradicts itself: its {key} is {stated}, the rest of it says {ours}")
    text = canonical_text(document, what=f"{name} {version} in moto {release}")
    return Snapshot(arn, version, create_date, text, digest(text), f"moto {release} {DATA_FILE}")
