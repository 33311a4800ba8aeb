"""What is a policy document, what is refused and how, and the one text that it is kept as."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.errors import DocumentError
from tracker.model.change import ConditionEntry, Scope
from tracker.policy import json_text
from tracker.policy.document import NEW_VERSION, OLD_VERSION
from tracker.policy.parse import EVERYBODY, MAX_STRING, canonical_text, digest, parse_document, read_document

STATEMENT: dict[str, Any] = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}


def document(*statements: Any, **more: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements), **more}


def with_(**changed: Any) -> dict[str, Any]:
    """A document of the plain statement with some elements changed; None takes one away."""
    made = {**STATEMENT, **changed}
    return document({key: value for key, value in made.items() if value is not ...})


def with_conditions(value: Any) -> dict[str, Any]:
    """The plain statement where multi-factor authentication is present, however that is written."""
    return {**STATEMENT, "Condition": {"Bool": {"aws:MultiFactorAuthPresent": value}}}


def parse(raw: Any) -> Any:
    return parse_document(raw, what="Sample v7")


def test_text_encoded_text_and_object_are_one_document() -> None:
    plain = json.dumps(with_(Action=["s3:Get*", "s3:PutObject"], Sid="à + b"))
    assert parse(plain) == parse(quote(plain)) == parse(quote(plain, safe="")) == parse(json.loads(plain))
    assert "à + b" in {one.sid for one in parse(quote(plain)).statements}  # a plus sign is a plus sign


def test_what_is_read_is_typed() -> None:
    condition = {"Bool": {"aws:SecureTransport": True}, "NumericLessThan": {"k": [3, 1, 1, 2.5]}}
    read = parse(with_(Resource=["b", "a", "b"], Condition=condition, Sid="S"))
    (statement,) = read.statements
    assert (read.version, read.id, read.single) == (NEW_VERSION, "", False)
    assert (statement.effect, statement.actions, statement.not_actions) == ("Allow", ("s3:GetObject",), None)
    assert (statement.sid, statement.index, statement.single) == ("S", 0, {"Action"})
    assert statement.listed == ("s3:GetObject",)
    assert statement.scope == Scope(
        resources=("a", "b"),
        condition=(
            ConditionEntry("Bool", "aws:SecureTransport", ("true",)),
            ConditionEntry("NumericLessThan", "k", ("1", "2.5", "3")),
        ),
    )


def test_numbers_keep_their_text() -> None:
    text = json.dumps(with_(Condition={"NumericLessThan": {"k": [2.5, 3]}}))
    assert parse(text).statements[0].scope.condition[0].values == ("2.5", "3")


def test_statement_may_be_one_object() -> None:
    read = parse({"Statement": STATEMENT})
    assert read.single
    assert read.version == OLD_VERSION


def test_negatives_and_principals() -> None:
    read = parse(
        document(
            {"Effect": "Deny", "NotAction": ["iam:*"], "NotResource": "a", "Principal": "*"},
            {"Effect": "Allow", "Action": "*", "NotPrincipal": {"Service": "b", "AWS": ["2", "1"]}},
        )
    )
    one, other = read.statements
    assert (one.not_actions, one.listed) == (("iam:*",), ("iam:*",))
    assert one.scope == Scope(resources=None, not_resources=("a",), principal=EVERYBODY)
    assert other.scope == Scope(principal=(("AWS", ("1", "2")), ("Service", ("b",))), not_principal=True)


def test_variables_are_literal_in_the_old_version_alone() -> None:
    for version, literal in ((NEW_VERSION, False), (OLD_VERSION, True)):
        held = {"Version": version, "Statement": {**STATEMENT, "Resource": "arn:${aws:username}"}}
        plain = {"Version": version, "Statement": STATEMENT}
        assert parse(held).statements[0].literal_variables is literal
        assert not parse(plain).statements[0].literal_variables


REFUSED: list[tuple[Any, str]] = [
    ("", "the document is empty"),
    (" \n ", "the document is empty"),
    ('{"Version": "2012-10-17", "Statement": [{"Eff', "the JSON is cut off"),
    ("<html>502</html>", "not JSON"),
    ("[]", "JSON, but not an object: a list"),
    ("null", "JSON, but not an object: null"),
    ('"text"', "JSON, but not an object: a string"),
    ("true", "JSON, but not an object: true or false"),
    ("7", "JSON, but not an object: a number"),
    (7, "neither JSON text nor an object: a number"),
    ('{"Statement": [NaN]}', "NaN is no JSON value"),
    ('{"Statement": 1' + "0" * 5000 + "}", "a number of 5,001 digits"),
    ('{"Statement": 0.' + "1" * 50 + "}", "a number out of bounds: 0.1"),
    ('{"Statement": 1e999}', "a number out of bounds: 1e999"),
    ('{"a":' * 100_000, "nested deeper than"),
    ('{"Statement": [], "Statement": []}', "the key 'Statement' twice"),
    ("%7B%22Statement%22%3A%20%22%FF", "URL-encoded, but not as UTF-8"),
    ("%7B%22Statement%22", "the JSON is cut off"),
    ('{"Statement": "a\tb"}', "Invalid control character at line 1, column 17"),
    (" " * (3 * json_text.MAX_CHARACTERS + 1), "more than any policy has"),
    ('{"Statement": "' + "x" * json_text.MAX_CHARACTERS + '"}', "are the limit"),
    ({}, "no Statement"),
    ({"Statement": []}, "Statement: no statement in it"),
    ({"Statement": "x"}, "Statement: no statement in it"),
    ({"Statement": None}, "Statement: no statement in it"),
    (document("x"), "Statement[0]: a statement that is no object"),
    ({**document(STATEMENT), "Version": "2012"}, "Version: neither 2012-10-17 nor 2008-10-17: '2012'"),
    ({**document(STATEMENT), "Version": ["2012-10-17"]}, "Version: neither"),
    ({**document(STATEMENT), "Id": 7}, "Id: no string: 7"),
    ({**document(STATEMENT), "Extra": 7}, "an element that IAM's grammar does not have: 'Extra'"),
    (document(STATEMENT, {**STATEMENT, "Effect": "allow"}), "Statement[1].Effect: neither Allow nor Deny: 'allow'"),
    (with_(Effect=...), "Statement[0].Effect: neither Allow nor Deny: None"),
    (with_(Conditions={}), "Statement[0]: an element that IAM's grammar does not have: 'Conditions'"),
    (with_(Sid=["x"]), "Statement[0].Sid: no string"),
    (with_(Sid="a\x00b"), "Statement[0].Sid: a control character"),
    (with_(NotAction="s3:*"), "Statement[0]: both Action and NotAction"),
    (with_(Action=...), "Statement[0]: neither Action nor NotAction"),
    (with_(Action=[]), "Statement[0].Action: neither a string nor a list with a string in it"),
    (with_(Action={"a": 1}), "Statement[0].Action: neither a string nor a list"),
    (with_(Action=["s3:GetObject", 7]), "Statement[0].Action: an item that is no string: 7"),
    (with_(Action="GetObject"), "Statement[0].Action: an action without a colon: 'GetObject'"),
    (with_(Action=["s3:GetObject", "**"]), "Statement[0].Action: an action without a colon: '**'"),
    (with_(Action=["s3:GetObject", "s3:"]), "Statement[0].Action: no service or no name: 's3:'"),
    (with_(Action=[":GetObject"]), "Statement[0].Action: no service or no name"),
    (with_(Action=["s3:Get\nObject"]), "Statement[0].Action: a control character"),
    (with_(Action=["s3:" + "x" * MAX_STRING]), f"Statement[0].Action: a string of more than {MAX_STRING:,}"),
    (with_(NotResource="*"), "Statement[0]: both Resource and NotResource"),
    (with_(Resource=...), "Statement[0]: neither Resource nor NotResource"),
    (with_(Resource=[]), "Statement[0].Resource: neither a string nor a list"),
    (with_(Resource="\ud800"), "Statement[0].Resource: a control character or half a surrogate pair"),
    (with_(Principal="*", NotPrincipal="*"), "Statement[0]: both Principal and NotPrincipal"),
    (with_(Principal="everybody"), "Statement[0].Principal: neither '*' nor an object"),
    (with_(Principal={}), "Statement[0].Principal: neither '*' nor an object"),
    (with_(Principal={"AWS": []}), "Statement[0].Principal.AWS: neither a string nor a list"),
    (with_(Condition="x"), "Statement[0].Condition: a Condition that is no object"),
    (with_(Condition={"Bool": "x"}), "Statement[0].Condition.Bool: an operator without an object of keys"),
    (with_(Condition={"Bool": {"k": None}}), "Statement[0].Condition.Bool.k: a value that is neither text"),
    (with_(Condition={"Bool": {"k": "x" * (MAX_STRING + 1)}}), "Statement[0].Condition.Bool.k: a value of more than"),
    (with_(Condition={"Bool": {"k": "a", "K": "b"}}), "Statement[0].Condition.Bool: the key 'K' twice"),
    ({"Statement": {7: 8}}, "a key that is no string: 7"),
    ({"Statement": object()}, "no JSON value: object"),
    ({"Statement": [{"Sid": [0] * json_text.MAX_VALUES}]}, "more than 500,000 values"),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "problem"), REFUSED, ids=range(len(REFUSED)))
def test_what_is_no_policy_is_refused_with_its_name_and_place(raw: Any, problem: str) -> None:
    for read in (parse_document, canonical_text):
        with pytest.raises(DocumentError) as caught:
            read(raw, what="Sample v7")
        message = str(caught.value)
        assert message.startswith("Sample v7: ")
        assert problem in message
        assert len(message) < 400
        assert caught.value.advice


def test_an_object_nested_in_itself_is_refused() -> None:
    turning: dict[str, Any] = {}
    turning["Statement"] = [turning]
    with pytest.raises(DocumentError, match="nested deeper than"):
        parse(turning)


class Shared(Mapping[str, object]):
    """A mapping that is no dict, as a library may hand over."""

    def __getitem__(self, key: str) -> object:
        return document(STATEMENT)[key]

    def __iter__(self) -> Any:
        return iter(document(STATEMENT))

    def __len__(self) -> int:
        return 2


def test_any_mapping_will_do() -> None:
    assert parse(Shared()) == parse(document(STATEMENT))
    assert parse(document({**STATEMENT, "Action": ("s3:GetObject",)})).statements[0].actions == (
        "s3:GetObject",
    )


def test_a_number_that_json_cannot_write_is_refused() -> None:
    with pytest.raises(DocumentError, match="cannot be written as JSON"):
        canonical_text(with_(Condition={"NumericEquals": {"k": float("nan")}}), what="Sample v7")


def test_a_key_of_half_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(DocumentError, match="surrogate"):
        canonical_text(with_(Condition={"Bool": {"\ud800": "x"}}), what="Sample v7")


def test_the_canonical_text_is_sorted_indented_and_ends_once() -> None:
    text = canonical_text({"Version": "2012-10-17", "Statement": {**STATEMENT, "Sid": "é"}}, what="Sample v7")
    assert text == (
        '{\n  "Statement": {\n    "Action": "s3:GetObject",\n    "Effect": "Allow",\n    "Resource": "*",\n'
        '    "Sid": "é"\n  },\n  "Version": "2012-10-17"\n}\n'
    )
    assert digest("é\n") == "edd3a863872a04239eb29ad4bc12fc892b3d4ae57cc7e786a3697816f8e141c2"


@given(st.permutations(["Version", "Statement"]), st.permutations(sorted(STATEMENT)))
def test_the_order_of_keys_is_not_in_the_canonical_text(outer: list[str], inner: list[str]) -> None:
    statement = {key: STATEMENT[key] for key in inner}
    whole = {"Version": NEW_VERSION, "Statement": statement}
    shuffled = {key: whole[key] for key in outer}
    assert canonical_text(shuffled, what="a") == canonical_text(json.dumps(whole), what="b")


def refusal(raw: Any) -> str:
    """How the refusal of a document begins; empty where it is read."""
    try:
        parse(raw)
    except DocumentError as error:
        return str(error)[:11]
    return ""


@given(st.text(max_size=60) | st.binary(max_size=60).map(lambda raw: raw.decode("latin-1")))
def test_any_text_is_read_or_refused(text: str) -> None:
    assert refusal(text) in ("", "Sample v7: ")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["Version", "Statement", "Effect", "Action", "Resource", "Condition", "Principal", "Bool", "x"]), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(st.dictionaries(st.sampled_from(["Version", "Statement", "Id"]), JSON, max_size=3))
def test_any_object_is_read_or_refused(value: dict[str, Any]) -> None:
    assert refusal(value) in ("", "Sample v7: ")


def test_a_text_that_was_just_made_canonical_is_read_once_and_not_kept_for_ever() -> None:
    texts = [canonical_text(with_(Action=f"s3:Get{number}"), what="x") for number in range(300)]
    assert parse(texts[-1]) is parse(texts[-1])
    assert parse(texts[0]) == parse(json.loads(texts[0]))
    assert parse(texts[0]) is not parse(texts[0])
    whole = [f"arn:aws:s3:::{place}-{'x' * 8_000}" for place in range(110)]
    large = [canonical_text(with_(Resource=[*whole, str(number)]), what="x") for number in range(3)]
    assert [parse(one) is parse(one) for one in (texts[-1], *large)] == [False, False, True, True]


@pytest.mark.parametrize(
    ("later", "kept"),
    [
        (document(STATEMENT, with_conditions(True)), [True, True]),
        (document(STATEMENT, with_conditions(True), STATEMENT), [True, True, False]),
        (document(STATEMENT), [True]),
        (document(with_conditions(True), STATEMENT), [False, False]),  # not in the same place
        (document(STATEMENT, with_conditions(1)), [True, False]),  # 1 is not true, though Python says so
        (document(STATEMENT, Version=OLD_VERSION), [False]),  # read in another language
        (document(Statement=STATEMENT), [True]),
    ],
)
def test_beside_another_version_a_document_is_read_as_it_is_alone(later: Any, kept: list[bool]) -> None:
    earlier = document(STATEMENT, with_conditions(True))
    read, _ = read_document(earlier, what="Sample v6")
    found, text = read_document(later, what="Sample v7", before=(earlier, read))
    assert (found, text) == read_document(later, what="Sample v7")
    same = [one is other for one, other in zip(found.statements, read.statements, strict=False)]
    assert same + [False] * (len(found.statements) - len(same)) == kept


def test_beside_a_version_of_one_bare_statement_a_document_is_read_as_it_is_alone() -> None:
    earlier = document(Statement=STATEMENT)
    before = earlier, read_document(earlier, what="Sample v6")[0]
    assert read_document(document(STATEMENT), what="x", before=before) == read_document(
        document(STATEMENT), what="x"
    )
