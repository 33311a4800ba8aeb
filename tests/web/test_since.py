"""Since when something is allowed is told in two ways, by walking every default and by the index of grants: they agree."""

from tracker.archive.layout import policy_key
from tracker.model.instants import iso
from tracker.policy.questions import question
from tracker.web.pages import Pages
from tracker.web.searching import holders


def test_attention_and_search_say_the_same_since(pages: Pages) -> None:
    asked = 0
    for arn in pages.tracker.archive.policies():
        began: dict[str, str] = {}
        for finding in pages.facts(arn).attention:
            for action in finding.actions:
                if action not in began:
                    (held,) = holders(pages, question(action), policies=[policy_key(arn)])
                    span = held.span_at(None)
                    assert span is not None, (arn.name, action)
                    began[action] = iso(span.since.at)
            if finding.since:
                asked += 1
                told = max(began[action] for action in finding.actions)
                assert finding.since == told, (arn.name, finding.actions)
    assert asked > 300
