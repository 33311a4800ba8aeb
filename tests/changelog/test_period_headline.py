"""A period's answer in one sentence."""

from dataclasses import replace

from tests.changelog import cases
from tests.changelog.making import BILLING
from tracker.changelog.period_headline import looks, period_headline
from tracker.model.change import Transient


def test_looked_and_nothing_changed() -> None:
    assert (
        period_headline(cases.month())
        == "May 2026: looked 30 times, last at 2026-05-31 06:17 UTC, nothing changed."
    )
    once = cases.month(looks=1)
    assert period_headline(once) == "May 2026: looked once, at 2026-05-31 06:17 UTC, nothing changed."


def test_nobody_looked() -> None:
    silent = cases.month(looks=0, first_look=None, last_look=None)
    assert period_headline(silent) == "May 2026: nobody looked, so whether anything changed is not known."
    assert (
        looks(silent) == "Nobody looked in this period: what AWS changed and changed back in it is not known."
    )


def test_what_came_and_went() -> None:
    assert period_headline(cases.month(transient=cases.passing())) == (
        "May 2026: AWS Support gained and lost nothing that lasted, but could call 3 more actions, and 1 fewer, "
        "for between 10 h and 10 h 25 min."
    )
    granted = cases.month(transient=(Transient("s3:A", "granted", 0, 7200),))
    assert period_headline(granted).endswith("but could call 1 more action for at most 2 h.")
    withdrawn = cases.month(transient=(Transient("s3:A", "withdrawn", 7200, 7200),))
    assert period_headline(withdrawn).endswith("but could call 1 action fewer for 2 h.")
    both = cases.month(
        transient=(Transient("s3:A", "granted", 0, 7200), Transient("s3:B", "withdrawn", 60, 120))
    )
    assert period_headline(both).endswith(
        "but could call 1 more action for at most 2 h, and 1 fewer for between 1 min and 2 min."
    )


def test_net_and_passing_together() -> None:
    both = cases.month(net=cases.quiet(), transient=cases.passing()[:3])
    assert period_headline(both) == (
        "May 2026: AWS Support gained 2 actions in 2 services, 1 of them new; besides, it could call 3 more actions for "
        "between 10 h and 10 h 25 min."
    )
    net = cases.month(net=cases.updated())
    assert period_headline(net) == (
        "May 2026: AWS Support gained 6 actions in 4 services, 3 of them new, lost 2 and had 1 action widened."
    )


def test_net_of_moves_and_denies() -> None:
    moved = cases.month(policy=BILLING, net=cases.rescoped())
    assert period_headline(moved) == (
        "May 2026: anyone who holds ExampleBillingReadOnly had 1 action widened, had 1 action narrowed and had 1 action "
        "re-scoped (please review)."
    )
    denied = cases.month(policy=BILLING, net=cases.denies())
    assert period_headline(denied) == (
        "May 2026: anyone who holds ExampleBillingReadOnly is now denied 2 more action patterns, is no longer denied "
        "s3:DeleteBucket and is denied sqs:SendMessage elsewhere or otherwise (please review)."
    )


def test_transitions_without_effect() -> None:
    again = cases.month(transitions=(cases.republished(), cases.republished()))
    assert period_headline(again) == (
        "May 2026: republished (v44 to v50), after which AWS Support can do exactly what it could do before."
    )


def test_how_often_anybody_looked() -> None:
    assert looks(cases.month(looks=1)) == "Looked once, at 2026-05-31 06:17 UTC."
    dated = cases.month(looks=0, last_look=None, transitions=(cases.quiet(),))
    assert looks(dated) == "Nobody looked in this period: what is told here follows the versions' own dates."
    quiet = cases.quiet()
    assert quiet.transition.after
    committed = replace(
        quiet, transition=replace(quiet.transition, after=replace(quiet.transition.after, basis="commit"))
    )
    archived = cases.month(looks=0, last_look=None, transitions=(committed,))
    assert (
        looks(archived)
        == "Nobody looked in this period: what is told here follows the commits of an archive."
    )
