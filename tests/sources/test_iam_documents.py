"""The document of a version is read as text: what is no policy is refused by name, and nothing of it is brought."""

import json
from urllib.parse import quote

import pytest

from tests.sources.worlds import ARN, NAME, V19, V20, V21, document, fetched, known
from tests.support.fake_iam import FakeIam
from tests.support.iam_replies import Reply, answer
from tracker.errors import DocumentError
from tracker.model.asking import Answer
from tracker.model.identity import VersionId
from tracker.sources.iam import IamSource

WHOLE = json.dumps(document("s3:GetObject"))
NO_POLICY = {
    "empty": ("", "empty"),  # really answered on 2019-12-16
    "blank": (" \n", "cut off"),
    "cut off": (WHOLE[:-20], "cut off"),
    "a page of a proxy": ("<!DOCTYPE html><html><body>Sign in</body></html>", "not JSON"),
    "null": ("null", "not an object"),
    "a list": (f"[{WHOLE}]", "not an object"),
    "an error in JSON": ('{"message": "Forbidden"}', "message"),
    "no statement": ('{"Version": "2012-10-17", "Statement": []}', "no statement"),
    "a key twice": (WHOLE.replace('"Action"', '"Action": "iam:*", "Action"'), "'Action' twice"),
    "half an escape": ("%7B%22Version%", "not JSON"),
}


@pytest.mark.parametrize(("text", "says"), NO_POLICY.values(), ids=NO_POLICY.keys())
def test_what_is_no_policy_is_refused_by_name(text: str, says: str, iam: FakeIam, source: IamSource) -> None:
    iam.put(ARN, "v20", text, V20[1])
    with pytest.raises(DocumentError) as caught:
        source.look(ARN, known(V19))
    assert str(caught.value).startswith(f"{NAME} v20: ")
    assert says in str(caught.value)
    assert caught.value.advice
    assert caught.value.exit_code == 2


def test_an_answer_without_a_document_is_refused(iam: FakeIam, source: IamSource) -> None:
    iam.put(ARN, "v20", WHOLE, V20[1])
    without = answer(
        "GetPolicyVersion",
        "<PolicyVersion><VersionId>v20</VersionId><IsDefaultVersion>true</IsDefaultVersion>"
        "<CreateDate>2021-12-21T23:48:04Z</CreateDate></PolicyVersion>",
    )
    iam.always("GetPolicyVersion", without)
    with pytest.raises(DocumentError, match=f"{NAME} v20: the document is empty"):
        source.look(ARN, known(V19))


def test_a_refused_version_that_is_not_in_force_never_holds_up_the_one_that_is(
    iam: FakeIam, source: IamSource, caplog: pytest.LogCaptureFixture
) -> None:
    iam.put(ARN, "v20", WHOLE[:-20], V20[1])
    iam.put(ARN, "v21", WHOLE, V21[1])
    found = source.look(ARN, known(V19))
    assert found == Answer(ARN, V21, found.snapshots, unread=(VersionId(20),))
    assert fetched(found) == ["v21"]
    assert f"not stored: {NAME} v20: the JSON is cut off" in caplog.text
    iam.put(ARN, "v20", WHOLE, V20[1], default=False)  # whole again, and asked for again
    assert source.look(ARN, known(V19)).unread == ()


def test_a_document_that_is_archived_already_is_not_judged_again(iam: FakeIam, source: IamSource) -> None:
    iam.put(ARN, "v20", "", V20[1])
    assert source.look(ARN, known(V19, V20, default=V19)) == Answer(ARN, V20)


@pytest.mark.parametrize(
    "resource", ["arn:aws:s3:::a+b/c d", "arn:aws:s3:::100%25", "arn:aws:s3:::é/日本/&<>\"'"]
)
def test_every_character_arrives_as_it_was_sent(resource: str, iam: FakeIam, source: IamSource) -> None:
    sent = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": resource}}
    iam.put(ARN, "v20", json.dumps(sent, indent=4, ensure_ascii=False), V20[1])
    assert json.loads(source.look(ARN, known(V19)).snapshots[0].document) == sent


def test_a_server_that_does_not_url_encode_is_understood(iam: FakeIam, source: IamSource) -> None:
    iam.put(ARN, "v20", WHOLE, V20[1])
    encoded = iam.get_policy_version(str(ARN), "v20").body.decode()
    plain = encoded.replace(quote(WHOLE, safe="~"), WHOLE)
    assert plain != encoded
    iam.always("GetPolicyVersion", lambda call: Reply(plain.encode()))
    assert json.loads(source.look(ARN, known(V19)).snapshots[0].document) == json.loads(WHOLE)


def test_other_clients_of_the_process_still_decode_documents(iam: FakeIam, source: IamSource) -> None:
    source.look(ARN, known(V19))
    from botocore.session import Session

    client = Session().create_client("iam")
    theirs = client.get_policy_version(PolicyArn=str(ARN), VersionId="v19")["PolicyVersion"]["Document"]
    client.close()
    assert theirs == document("s3:ListBucket")
