"""Writes tracker/sources/known_paths.json from the data of the installed moto: `python -m tests.make_paths`."""

import json
from collections import defaultdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

WRITTEN = Path(__file__).resolve().parent.parent / "tracker" / "sources" / "known_paths.json"


def paths() -> dict[str, Any]:
    """Each path but '/' with the names under it, sorted, and where that is known from."""
    from moto.iam.aws_managed_policies import aws_managed_policies_data

    found: dict[str, list[str]] = defaultdict(list)
    for name, entry in json.loads(aws_managed_policies_data).items():
        if entry.get("Path", "/") != "/":
            found[entry["Path"]].append(name)
    source = f"moto {version('moto')} moto/iam/aws_managed_policies.py"
    return {"source": source, "paths": {path: sorted(found[path]) for path in sorted(found)}}


if __name__ == "__main__":
    WRITTEN.write_text(json.dumps(paths(), indent=1) + "\n")
