"""One file of somebody's archive, in every shape seen in the wild; and what is none is refused by its reason."""

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.git_archives import answer, document, raw
from tracker.errors import DocumentError
from tracker.model.identity import VersionId
from tracker.sources.answers import LARGEST, name_of, read_answer

DATE = datetime(2019, 11, 14, 22, 39, 25, tzinfo=UTC)
BARE = answer(3)["PolicyVersion"]


def told(content: object) -> Any:
    return read_answer(json.dumps(content).encode(), "X")


def refusal(content: bytes) -> str:
    with pytest.raises(DocumentError) as refused:
        read_answer(content, "X")
    assert refused.value.advice
    return str(refused.value)


@pytest.mark.parametrize(
    "date",
    [
        "2019-11-14T22:39:25Z",
        "2019-11-14T22:39:25+00:00",
        "2019-11-14 22:39:25+00:00",
        "2019-11-14T22:39:25",
        "2019-11-14T23:39:25+01:00",
        "2019-11-14T22:39:25.000Z",
        "Thu, 14 Nov 2019 22:39:25 GMT",
        "Thu, 14 Nov 2019 22:39:25 -0000",
        1573771165,
        1573771165.0,
    ],
)
def test_a_date_in_any_style_is_the_same_instant(date: object) -> None:
    found = told({"PolicyVersion": {**BARE, "CreateDate": date}})
    assert (found.version, found.create_date) == (VersionId(3), DATE)


@pytest.mark.parametrize(
    "content",
    [
        {"PolicyVersion": BARE},
        BARE,
        {"PolicyVersion": BARE, "ResponseMetadata": {"RequestId": "x"}},
        {"PolicyVersion": {**BARE, "Document": json.dumps(BARE["Document"])}},
        {"PolicyVersion": {**BARE, "Document": quote(json.dumps(BARE["Document"]))}},
        {**BARE, "Document": json.dumps(BARE["Document"], indent=2)},
    ],
)
def test_every_layout_tells_the_same_version(content: object) -> None:
    found = told(content)
    assert (str(found.version), found.in_force, found.arn) == ("v3", True, None)


def test_a_byte_order_mark_and_blanks_are_no_content() -> None:
    assert read_answer(b"\xef\xbb\xbf  " + raw(answer(3)) + b"\n\n", "X").version == VersionId(3)


def test_an_answer_says_that_it_is_not_in_force() -> None:
    assert told(answer(3, default=False)).in_force is False
    assert told({key: value for key, value in BARE.items() if key != "IsDefaultVersion"}).in_force is True


def test_an_arn_beside_the_version_is_believed() -> None:
    whole = "arn:aws:iam::aws:policy/aws-service-role/X"
    assert str(told({"Policy": {"Arn": whole}, **answer(3)}).arn) == whole
    assert str(told({**BARE, "Arn": whole}).arn) == whole
    assert told({**BARE, "Arn": "nonsense"}).arn is None


def test_a_bare_document_needs_a_version_and_a_date_from_outside() -> None:
    content = json.dumps(document()).encode()
    found = read_answer(content, "X", (VersionId(7), DATE))
    assert (found.version, found.create_date, found.in_force) == (VersionId(7), DATE, True)
    for given_ in ((None, None), (VersionId(7), None), (None, DATE)):
        with pytest.raises(DocumentError, match="a bare document") as refused:
            read_answer(content, "X", given_)
        assert "--version" in refused.value.advice


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the document is empty"),
        (b" \n", "the document is empty"),
        (raw(answer(3))[:200], "cut off"),
        (b"<html>502 Bad Gateway</html>", "not JSON"),
        (b"[]", "not an object"),
        (b"\xff\xfe{", "not UTF-8"),
        (b'{"a": 1, "a": 2}', "twice"),
        (b'{"PolicyVersion": 3}', "neither an answer"),
        (b'{"findings": []}', "neither an answer"),
        (raw({**BARE, "Document": 3}), "neither an object nor text"),
        (raw({**BARE, "VersionId": "57"}), "VersionId is '57'"),
        (raw({key: value for key, value in BARE.items() if key != "VersionId"}), "VersionId is None"),
        (raw({**BARE, "CreateDate": "yesterday"}), "no date: 'yesterday'"),
        (raw({**BARE, "CreateDate": True}), "no date: True"),
        (raw({**BARE, "CreateDate": 1e300}), "no date"),
        (raw({key: value for key, value in BARE.items() if key != "CreateDate"}), "no date: None"),
        (raw({**BARE, "IsDefaultVersion": "yes"}), "neither true nor false"),
        (b" " * (LARGEST + 1), "are the limit"),
    ],
)
def test_what_is_no_answer_is_refused_by_its_reason(content: bytes, reason: str) -> None:
    assert reason in refusal(content)


@given(st.binary(max_size=80))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    with pytest.raises(DocumentError):
        read_answer(content, "X")


@pytest.mark.parametrize(
    ("stem", "folder", "wanted"),
    [
        ("ReadOnlyAccess", "", ("ReadOnlyAccess", None, None)),
        ("ReadOnlyAccess", "policies", ("ReadOnlyAccess", None, None)),
        ("AWSApplicationMigrationAgentPolicy_v2", "policies", ("AWSApplicationMigrationAgentPolicy_v2", None, None)),
        ("ReadOnlyAccess@v3", "x", ("ReadOnlyAccess", "v3", None)),
        ("ReadOnlyAccess@v3@2015-02-06", "", ("ReadOnlyAccess", "v3", "2015-02-06T00:00:00+00:00")),
        ("ReadOnlyAccess@v3@2015-02-06T184023Z", "", ("ReadOnlyAccess", "v3", "2015-02-06T18:40:23+00:00")),
        ("v3", "ReadOnlyAccess", ("ReadOnlyAccess", "v3", None)),
        ("v3@2015-02-06", "ReadOnlyAccess", ("ReadOnlyAccess", "v3", "2015-02-06T00:00:00+00:00")),
        ("2015-02-06T184023Z_v3", "ReadOnlyAccess", ("ReadOnlyAccess", "v3", "2015-02-06T18:40:23+00:00")),
        ("ReadOnlyAccess@v3@2015-02-31", "", None),
        ("ReadOnlyAccess@third", "", None),
        ("ReadOnlyAccess@v3@2015-02-06@again", "", None),
        ("not a policy", "", None),
    ],
)  # fmt: skip
def test_a_name_tells_policy_version_and_date(
    stem: str, folder: str, wanted: tuple[str, str | None, str | None] | None
) -> None:
    found = name_of(stem, folder)
    if wanted is None:
        assert found is None
    else:
        assert found is not None
        name, (version, date) = found
        assert (name, version and str(version), date and date.isoformat()) == wanted
