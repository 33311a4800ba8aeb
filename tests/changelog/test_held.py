"""All actions of a service with who may do each."""

from tracker.changelog.held import HeldAlike, Stretch, held_alike

READ = ("aws/Read", "2021-01-02", "")
ONCE = ("aws/Old Name", "2020-01-01", "2020-05-06")


def test_actions_that_the_same_policies_allow_stand_together_and_those_of_nobody_last() -> None:
    rows = [("Delete", []), ("Get", [ONCE, READ]), ("Head", [ONCE]), ("List", [ONCE, READ])]
    read = Stretch("aws/Read", "aws/Read/index.html", "2021-01-02", "")
    once = Stretch("aws/Old Name", "aws/Old%20Name/index.html", "2020-01-01", "2020-05-06")
    assert held_alike(rows) == (
        HeldAlike(("Get", "List"), 1, 1, (read, once), 0),
        HeldAlike(("Head",), 0, 1, (once,), 0),
        HeldAlike(("Delete",), 0, 0, (), 0),
    )


def test_of_very_many_policies_the_first_are_shown_and_the_rest_counted() -> None:
    (found,) = held_alike([("Get", [(f"aws/P{number:02}", "2021-01-02", "") for number in range(43)])])
    assert (found.now, len(found.rows), found.left) == (43, 40, 3)
