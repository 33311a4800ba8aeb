"""`make release`: a wheel that two builds give alike, its SBOM, the licences of all that it needs, and their hashes, in dist/.

The SBOM is CycloneDX 1.6, made here from the locked runtime requirements and what is installed of them: name, version,
purl, licence, and the hashes of the lock.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import Distribution, distribution, version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DIST = ROOT / "dist"
_PINNED = re.compile(r"^([A-Za-z0-9][\w.-]*)==([^\s;\\]+)((?:[^\n]*\\\n)*[^\n]*)", re.MULTILINE)
# Trove classifiers and free words, as SPDX has them: only those that occur.
SPDX = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "MIT License": "MIT",
    "Apache License 2.0": "Apache-2.0",
    "Apache License, Version 2.0": "Apache-2.0",
    "Apache 2.0": "Apache-2.0",
    "BSD": "BSD-3-Clause",
    "The Unlicense": "Unlicense",
    "The Unlicense (Unlicense)": "Unlicense",
    "Python Software Foundation License": "PSF-2.0",
    "Public Domain": "LicenseRef-Public-Domain",
}


def locked(path: Path) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Name -> (version, SHA-256 hashes) of a file of locked requirements."""
    return {
        name.lower(): (pinned, tuple(sorted(re.findall(r"sha256:([0-9a-f]{64})", rest))))
        for name, pinned, rest in _PINNED.findall(path.read_text())
    }


def licence(found: Distribution) -> str:
    """The SPDX expression of a distribution, from its metadata; empty where it says nothing that is known."""
    about = found.metadata
    told = [about["License-Expression"] or ""]
    told += [
        one.rpartition(" :: ")[2] for one in about.get_all("Classifier") or [] if one.startswith("License ::")
    ]
    told.append((about["License"] or "").strip().splitlines()[0] if (about["License"] or "").strip() else "")
    for one in told:
        if one and (
            one in SPDX or re.fullmatch(r"[A-Za-z0-9.+-]+(?: (?:AND|OR|WITH) [A-Za-z0-9.+-]+)*", one)
        ):
            return SPDX.get(one, one)
    return ""


def licences() -> dict[str, str]:
    """Name -> licence of every locked runtime requirement."""
    return {
        name: licence(distribution(name)) for name in sorted(locked(ROOT / "requirements" / "runtime.txt"))
    }


def sbom() -> str:
    """The bill of materials: the same bytes for the same lock."""
    ours = version("policy-tracker")
    parts = []
    for name, (pinned, hashes) in sorted(locked(ROOT / "requirements" / "runtime.txt").items()):
        said = licence(distribution(name))
        purl = f"pkg:pypi/{name}@{pinned}"
        known = [{"expression": said}] if said else []
        part: dict[str, object] = {
            "type": "library",
            "bom-ref": purl,
            "name": name,
            "version": pinned,
            "purl": purl,
        }
        # A lock holds the hashes of every file of a release; CycloneDX has one place for each.
        part["externalReferences"] = [
            {"type": "distribution", "url": purl, "hashes": [{"alg": "SHA-256", "content": one}]}
            for one in hashes
        ]
        if known:
            part["licenses"] = known
        parts.append(part)
    root = f"pkg:pypi/policy-tracker@{ours}"
    record = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application", "bom-ref": root, "name": "policy-tracker", "version": ours, "purl": root,
                "licenses": [{"expression": "Apache-2.0"}],
            }
        },
        "components": parts,
        "dependencies": [{"ref": root, "dependsOn": [part["bom-ref"] for part in parts]}],
    }  # fmt: skip
    return json.dumps(record, indent=2) + "\n"


def build(folder: Path, moment: int, source: Path = ROOT) -> Path:
    """The wheel, with every time in it set to `moment`, Unix seconds. https://reproducible-builds.org/specs/source-date-epoch/."""
    command = [
        sys.executable,
        "-m",
        "pip",
        "--disable-pip-version-check",
        "--quiet",
        "wheel",
        "--no-deps",
        "--no-build-isolation",
    ]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(moment)}
    subprocess.run(
        [*command, "--wheel-dir", str(folder), str(source)], check=True, env=environment, capture_output=True
    )
    (made,) = folder.glob("policy_tracker-*.whl")
    return made


def moment_of_head() -> int:
    """When the commit that is built was made, Unix seconds; 1980 where there is no repository."""
    done = subprocess.run(
        ["git", "-C", str(ROOT), "log", "-1", "--format=%ct"], capture_output=True, text=True, check=False
    )
    return int(done.stdout) if done.returncode == 0 and done.stdout.strip() else 315_532_800


def main() -> int:
    """Exit code 1 where two builds differ, or a licence is unknown."""
    moment = int(os.environ.get("SOURCE_DATE_EPOCH") or moment_of_head())
    unknown = [name for name, said in licences().items() if not said]
    if unknown:
        print(f"nobody knows the licence of {', '.join(unknown)}", file=sys.stderr)
        return 1
    DIST.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        first, second = build(Path(one), moment), build(Path(other), moment)
        if first.read_bytes() != second.read_bytes():
            print("two builds gave two wheels", file=sys.stderr)
            return 1
        wheel = Path(shutil.copy(first, DIST))
    bill = DIST / "policy-tracker.cdx.json"
    bill.write_text(sbom())
    terms = DIST / "licences.txt"
    terms.write_text("".join(f"{name} {said}\n" for name, said in licences().items()))
    sums = "".join(
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in (terms, bill, wheel)
    )
    (DIST / "SHA256SUMS").write_text(sums)
    print(sums, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
