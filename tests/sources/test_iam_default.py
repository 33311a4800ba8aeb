"""Which version is in force, where AWS's answers contradict each other or the record: case 37, stale, gone back."""

import logging

import pytest

from tests.sources.worlds import ARN, V19, V20, V21, document, fetched, known
from tests.support.fake_iam import FakeIam
from tests.support.iam_replies import no_such_entity
from tracker.errors import SourceUnavailableError
from tracker.model.asking import Answer, Known
from tracker.sources.iam import ROUNDS, IamSource


@pytest.fixture(autouse=True)
def _twenty(iam: FakeIam) -> None:
    iam.put(ARN, "v20", document("s3:GetObject"), V20[1])


def test_the_default_that_moves_between_two_calls_is_asked_for_again_at_once(
    iam: FakeIam, source: IamSource, caplog: pytest.LogCaptureFixture
) -> None:
    iam.put(ARN, "v21", document("s3:GetBucketAcl"), V21[1], default=False)
    iam.after("GetPolicy", lambda: iam.set_default(ARN, "v21"))  # as v41 gave way to v42 on 2025-09-30
    answer = source.look(ARN, known(V19))
    assert answer == Answer(ARN, V21, answer.snapshots)
    assert fetched(answer) == ["v20", "v21"]
    assert "GetPolicy names v20, which is not the default" in caplog.text
    assert iam.actions.count("GetPolicy") == 2


def test_a_default_that_is_denied_every_time_makes_no_transition(
    iam: FakeIam, source: IamSource, caplog: pytest.LogCaptureFixture
) -> None:
    iam.always("GetPolicyVersion", lambda call: iam.get_policy_version(str(ARN), "v20", is_default=False))
    answer = source.look(ARN, known(V19))
    assert answer == Answer(ARN, V19, answer.snapshots, stale=True)
    assert fetched(answer) == ["v20"]  # it exists: it is kept, as never seen as the default
    assert "v19 stays on record" in caplog.text
    assert iam.actions.count("GetPolicy") == ROUNDS


def test_a_first_look_that_never_agrees_is_for_later(iam: FakeIam, source: IamSource) -> None:
    iam.always("GetPolicyVersion", lambda call: iam.get_policy_version(str(ARN), "v20", is_default=False))
    iam.drop_version(ARN, "v19")
    with pytest.raises(SourceUnavailableError, match="contradicts itself") as caught:
        source.look(ARN, Known())
    assert (caught.value.exit_code, bool(caught.value.advice)) == (75, True)


def test_a_default_that_truly_went_back_is_an_answer(
    iam: FakeIam, source: IamSource, caplog: pytest.LogCaptureFixture
) -> None:
    iam.set_default(ARN, "v19")
    with caplog.at_level(logging.DEBUG, logger="tracker"):
        assert source.look(ARN, known(V19, V20)) == Answer(ARN, V19)
    assert iam.actions == ["GetPolicy", "GetPolicyVersion", "GetPolicy"]
    assert not [record for record in caplog.records if record.name.startswith("tracker")]


def test_an_answer_of_yesterday_is_ignored_with_a_log_line(
    iam: FakeIam, source: IamSource, caplog: pytest.LogCaptureFixture
) -> None:
    iam.next("GetPolicy", lambda call: iam.get_policy(str(ARN), default="v19"))
    iam.next("GetPolicyVersion", lambda call: iam.get_policy_version(str(ARN), "v19", is_default=True))
    assert source.look(ARN, known(V19, V20)) == Answer(ARN, V20, stale=True)
    assert iam.actions == ["GetPolicy", "GetPolicyVersion", "GetPolicy"]
    assert "ignored an answer of yesterday that names v19" in caplog.text


def test_yesterdays_default_is_also_told_by_the_version_itself(
    iam: FakeIam, source: IamSource, caplog: pytest.LogCaptureFixture
) -> None:
    iam.next("GetPolicy", lambda call: iam.get_policy(str(ARN), default="v19"))
    assert source.look(ARN, known(V19, V20)) == Answer(ARN, V20, stale=True)
    assert iam.actions == ["GetPolicy", "GetPolicyVersion", "GetPolicy"]
    assert "GetPolicy names v19, which is not the default" in caplog.text


def test_after_yesterdays_answer_todays_news_still_arrive(iam: FakeIam, source: IamSource) -> None:
    iam.put(ARN, "v21", document("s3:GetBucketAcl"), V21[1])
    iam.next("GetPolicy", lambda call: iam.get_policy(str(ARN), default="v19"))
    iam.next("GetPolicyVersion", lambda call: iam.get_policy_version(str(ARN), "v19", is_default=True))
    answer = source.look(ARN, known(V19, V20))
    assert answer == Answer(ARN, V21, answer.snapshots)
    assert fetched(answer) == ["v21"]


def test_a_default_deleted_between_two_calls_is_asked_for_again(iam: FakeIam, source: IamSource) -> None:
    iam.put(ARN, "v21", document("s3:GetBucketAcl"), V21[1])
    iam.next("GetPolicy", lambda call: iam.get_policy(str(ARN), default="v20"))
    iam.next("GetPolicyVersion", no_such_entity("gone"))
    answer = source.look(ARN, known(V19))
    assert answer == Answer(ARN, V21, answer.snapshots)
    assert fetched(answer) == ["v20", "v21"]


def test_a_new_version_that_says_it_is_the_default_makes_getpolicy_be_asked_again(
    iam: FakeIam, source: IamSource
) -> None:
    iam.next(
        "GetPolicy", lambda call: iam.get_policy(str(ARN), default="v19")
    )  # a moment before v20 took over
    answer = source.look(ARN, known(V19))
    assert answer == Answer(ARN, V20, answer.snapshots)
    assert fetched(answer) == ["v20"]
    iam.forget_calls()
    iam.always("GetPolicy", lambda call: iam.get_policy(str(ARN), default="v19"))
    answer = source.look(ARN, known(V19))
    assert answer == Answer(ARN, V19, answer.snapshots)  # GetPolicy has the last word, v20 is kept
    assert fetched(answer) == ["v20"]
    assert iam.actions.count("GetPolicy") == 2


def test_a_policy_that_vanishes_in_the_middle_is_judged_as_missing(iam: FakeIam, source: IamSource) -> None:
    iam.put("arn:aws:iam::aws:policy/ReadOnlyAccess", "v1", document("s3:Get*"), "2020-01-01")
    iam.set_default(ARN, "v19")
    iam.after("GetPolicyVersion", lambda: iam.remove(ARN))
    assert source.look(ARN, known(V19, V20)) == Answer(ARN, None)
