"""A folder or a tar of answers and bare documents: versions that nobody watched come into force; a tar does no harm."""

import io
import os
import tarfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.git_archives import Content, answer, document, made, raw
from tracker.errors import InputError
from tracker.model.identity import PolicyArn, VersionId
from tracker.model.instants import parse_instant
from tracker.sources import tar
from tracker.sources.answers import LARGEST
from tracker.sources.answers_folder import AnswersFolder
from tracker.sources.history import Selection, open_history, unpacked
from tracker.sources.past import History, Past

DATE = datetime(2015, 2, 6, tzinfo=UTC)


def folder(place: Path, files: Mapping[str, Content]) -> Path:
    for name, content in files.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(raw(content))
    return place


def pasts(source: History) -> dict[str, Past]:
    return {job.name: job.past(PolicyArn("aws", job.name), "r1") for job in source.jobs()}


def versions(past: Past) -> list[str]:
    return [str(one.version) for one in past.snapshots]


def test_each_answer_is_a_version_in_force_from_its_own_date_on(tmp_path: Path) -> None:
    place = folder(tmp_path, {"X@v2.json": answer(2, "s3:Put*"), "X.json": answer(1), "Y": answer(1)})
    found = pasts(AnswersFolder(place))
    assert list(found) == ["X", "Y"]
    assert [(one.observed_at, one.basis, one.source) for one in found["X"].observations] == [
        (made(1), "create_date", "file X.json"),
        (made(2), "create_date", "file X@v2.json"),
    ]


def test_an_answer_that_is_not_in_force_is_a_version_alone(tmp_path: Path) -> None:
    place = folder(tmp_path, {"X@v1.json": answer(1, default=False), "X@v2.json": answer(2, "s3:Put*")})
    past = pasts(AnswersFolder(place))["X"]
    assert (versions(past), [str(one.version) for one in past.observations]) == (["v1", "v2"], ["v2"])
    assert past.stale == 1


def test_bare_documents_take_version_and_date_from_their_names_or_from_outside(tmp_path: Path) -> None:
    files = {
        "X@v3@2015-02-06.json": document("s3:A"),
        "X/v4@2016-02-06.json": document("s3:B"),
        "X/2017-02-06T184023Z_v5.json": document("s3:C"),
        "X/v6.json": document("s3:D"),
    }
    past = pasts(AnswersFolder(folder(tmp_path, files)))["X"]
    assert versions(past) == ["v3", "v4", "v5"]
    assert [(one.where, one.reason[:15]) for one in past.refused] == [("X/v6.json", "a bare document")]
    past = pasts(AnswersFolder(tmp_path, given=(None, datetime(2018, 2, 6, tzinfo=UTC))))["X"]
    assert versions(past) == ["v3", "v4", "v5", "v6"]


def test_one_file_is_a_folder_of_one(tmp_path: Path) -> None:
    file = folder(tmp_path, {"X.json": document()}) / "X.json"
    source = open_history(file, "X.json", Selection(given=(VersionId(3), DATE)))
    assert [(one.version, one.create_date) for one in pasts(source)["X"].snapshots] == [(VersionId(3), DATE)]
    assert source.what == "answers in X.json"


def test_what_is_no_answer_is_named_and_what_is_no_policy_s_left_alone(tmp_path: Path) -> None:
    place = folder(
        tmp_path / "in",
        {"X.json": b"", "Y.json": b"[]", "README.md": b"x", ".hidden": b"x", ".git2/Z.json": answer(1)},
    )
    (place / "linked.json").symlink_to(place / "X.json")
    os.mkfifo(place / "pipe.json")
    source = AnswersFolder(place)
    assert (source.names(), source.files, source.ignored) == (("X", "Y"), 2, 1)
    assert [one.reason[:21] for past in pasts(source).values() for one in past.refused] == [
        "the document is empty",
        "JSON, but not an obje",
    ]


def test_an_arn_in_an_answer_is_the_policy_s(tmp_path: Path) -> None:
    whole = "arn:aws:iam::aws:policy/aws-service-role/X"
    place = folder(
        tmp_path, {"X.json": {"Policy": {"Arn": whole}, **answer(1)}, "X@v2.json": answer(2, "s3:Put*")}
    )
    past = pasts(AnswersFolder(place))["X"]
    assert {str(past.arn), *(str(one.arn) for one in past.snapshots)} == {whole}


def test_since_leaves_out_what_came_before(tmp_path: Path) -> None:
    files = {f"X@v{number}.json": answer(number, f"s3:Get{number}") for number in range(1, 5)}
    source = AnswersFolder(folder(tmp_path, files), since=made(3))
    assert versions(pasts(source)["X"]) == ["v2", "v3", "v4"]


def test_a_folder_that_can_t_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no"), unpacked(tmp_path / "nowhere"):
        pass


# -- tar ------------------------------------------------------------------------------------------------------------


def make_tar(path: Path, members: Mapping[str, bytes | tarfile.TarInfo], mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload] # a mode of this test's
        for name, content in members.items():
            if isinstance(content, bytes):
                member = tarfile.TarInfo(name)
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
            else:
                archive.addfile(content)
    return path


def special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_a_tar_of_answers_is_read_like_the_folder(tmp_path: Path, mode: str) -> None:
    path = make_tar(
        tmp_path / "a.tar",
        {"./in/X.json": raw(answer(1)), "in/deep/Y": raw(answer(1)), "README.md": b"x"},
        mode,
    )
    with unpacked(path) as place:
        source = open_history(place, "a.tar", Selection())
        assert (source.names(), source.ignored) == (("X", "Y"), 1)
        assert versions(pasts(source)["X"]) == ["v1"]
    assert not place.exists()


@pytest.mark.parametrize("name", ["../X.json", "/etc/X.json", "in/../../X.json", "..", "a\\..\\X.json"])
def test_a_name_that_leads_out_of_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    path = make_tar(tmp_path / "a.tar", {name: raw(answer(1))})
    with pytest.raises(InputError, match="leads out of the folder"), unpacked(path):
        pass
    assert not (tmp_path.parent / "X.json").exists()


def test_links_and_devices_are_left_out_and_nothing_is_written_through_them(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.mkdir()
    path = make_tar(
        tmp_path / "a.tar",
        {
            "in": special("in", tarfile.SYMTYPE, str(victim)),
            "in/X.json": raw(answer(1)),
            "passwd": special("passwd", tarfile.SYMTYPE, "/etc/passwd"),
            "hard": special("hard", tarfile.LNKTYPE, "in/X.json"),
            "null": special("null", tarfile.CHRTYPE),
            "pipe": special("pipe", tarfile.FIFOTYPE),
        },
    )
    place = tmp_path / "out"
    place.mkdir()
    assert tar.unpack(path, place) == 5
    assert [str(one.relative_to(place)) for one in place.rglob("*") if one.is_file()] == ["in/X.json"]
    assert list(victim.iterdir()) == []


def test_a_file_that_is_larger_than_an_answer_is_left_out(tmp_path: Path) -> None:
    path = make_tar(tmp_path / "a.tar", {"X.json": b" " * (LARGEST + 1), "Y.json": raw(answer(1))})
    with unpacked(path) as place:
        assert open_history(place, "", Selection()).names() == ("Y",)


def test_more_than_can_be_is_refused(tmp_path: Path) -> None:
    path = make_tar(tmp_path / "a.tar", {f"X{number}": raw(answer(1)) for number in range(9)})
    with pytest.raises(InputError, match="more than 8 files"):
        tar.unpack(path, tmp_path / "out", most_files=8)
    with pytest.raises(InputError, match="more than 1,000 bytes"):
        tar.unpack(path, tmp_path / "out", most_bytes=1000)
    assert tar.unpack(path, tmp_path / "out", most_files=9) == 0


def test_a_tar_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    noise = {f"X{number}.json": os.urandom(5000) for number in range(20)}
    path = make_tar(tmp_path / "a.tar", noise)
    path.write_bytes(path.read_bytes()[:-3000])
    with pytest.raises(InputError, match="no tar, or is cut off"), unpacked(path):
        pass


def test_a_packed_tar_that_is_cut_off_in_its_first_bytes_is_refused(tmp_path: Path) -> None:
    path = make_tar(tmp_path / "a.tar", {"X.json": raw(answer(1))})
    whole = path.read_bytes()
    for cut in (whole[:15], whole[:60], whole[:150], b"\x1f\x8b\x08\x04", b"\x1f\x8b\x08\x04\0\0\0\0\0\0"):
        (tmp_path / "b.tar").write_bytes(cut)
        with pytest.raises(InputError, match="cut off"), unpacked(tmp_path / "b.tar"):
            pass


@pytest.mark.parametrize(
    ("field", "said"),
    [(124, b"\x80" + b"\x7f" * 11), (124, b"\xff" * 12), (124, b"77777777777\0"), (148, b"0" * 8)],
)
def test_a_header_that_lies_is_refused_at_once(tmp_path: Path, field: int, said: bytes) -> None:
    """Of sizes without end, of negative ones, and of a sum that is wrong, which the library takes for the end of the tar."""
    path = make_tar(tmp_path / "a.tar", {"X.json": raw(answer(1)), "Y.json": raw(answer(2))}, "w")
    whole = bytearray(path.read_bytes())
    whole[1024 + field : 1024 + field + len(said)] = said
    if field == 124:
        whole[1024 + 148 : 1024 + 156] = b" " * 8
        whole[1024 + 148 : 1024 + 156] = b"%06o\0 " % sum(whole[1024:1536])
    path.write_bytes(whole)
    with pytest.raises(InputError, match=r"header|says that it has"), unpacked(path):
        pass


def test_a_name_of_gigabytes_is_not_read(tmp_path: Path) -> None:
    header = tarfile.TarInfo("././@LongLink")
    header.type, header.size = tarfile.GNUTYPE_LONGNAME, 3 << 30
    (tmp_path / "a.tar").write_bytes(header.tobuf() + bytes(4096))
    with pytest.raises(InputError, match="says 3,221,225,472 bytes"), unpacked(tmp_path / "a.tar"):
        pass


def test_the_date_of_a_file_says_nothing(tmp_path: Path) -> None:
    file = folder(tmp_path, {"X.json": answer(1)}) / "X.json"
    before = pasts(AnswersFolder(tmp_path))["X"]
    moment = parse_instant("2001-01-01").timestamp()
    os.utime(file, (moment, moment))
    assert pasts(AnswersFolder(tmp_path))["X"] == before
