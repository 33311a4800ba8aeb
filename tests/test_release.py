"""A release: a wheel that two builds give alike, its bill of materials, and a licence that we may use for each part."""

import json
from pathlib import Path

from tests.make_release import ROOT, build, licences, locked, sbom

# What Apache-2.0 may be shipped beside without terms of its own for who uses it: permissive ones alone.
PERMISSIVE = {
    "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "LicenseRef-Public-Domain", "MIT", "PSF-2.0", "Unlicense",
}  # fmt: skip


def test_every_runtime_dependency_has_a_permissive_licence() -> None:
    found = licences()
    assert len(found) > 30
    assert {name: said for name, said in found.items() if said not in PERMISSIVE} == {}


def test_the_bill_names_every_locked_part_with_its_hashes() -> None:
    bill = json.loads(sbom())
    pinned = locked(ROOT / "requirements" / "runtime.txt")
    assert {part["name"]: part["version"] for part in bill["components"]} == {
        name: version for name, (version, _) in pinned.items()
    }
    assert all(part["externalReferences"] and part["licenses"] for part in bill["components"])
    assert bill["dependencies"][0]["dependsOn"] == [part["bom-ref"] for part in bill["components"]]
    assert sbom() == sbom()


def test_two_builds_give_one_wheel(tmp_path: Path) -> None:
    one, other = (build(tmp_path / name, 1_700_000_000) for name in ("one", "other"))
    assert one.read_bytes() == other.read_bytes()
    later = build(tmp_path / "later", 1_800_000_000)
    assert later.read_bytes() != one.read_bytes(), "the time is taken from SOURCE_DATE_EPOCH"
