"""AWS's page and feed of announcements, as they are saved; and what is none of them."""

from datetime import date

import pytest

from tracker.errors import InputError
from tracker.sources.announcements import known_announcements, merged, read_announcements

NAME = "AWSSupportServiceRolePolicy"
PAGE = """<!DOCTYPE html><html><head><title>Policies</title></head><body>
<table><tr><th>Name</th><th>Use</th></tr><tr><td>AWSSupportServiceRolePolicy</td><td>none</td></tr></table>
<div class="table-contents"><table id="w1"><thead><tr><th>Change</th><th>Description</th><th>Date</th></tr></thead><tbody>
<tr><td tabindex="-1"><p><a href="#x">AWSSupportServiceRolePolicy</a> &ndash; Update</p></td>
 <td><p>Added 1,047 new permissions to these services:</p><div><ul>
   <li><p>AWS Application Migration Service &ndash; To troubleshoot</p></li><li>Amazon EC2</li><li>Amazon EC2</li></ul></div>
   <p>Removed 12 permissions for retired ones.</p></td><td><p>October 4,
   2022</p></td></tr>
<tr><td>AWSSupportServiceRolePolicy</td><td>Adds permissions; removed permissions of
   <table><tr><td>inner</td></tr></table> a retired service.</td><td>June 23, 2022</td></tr>
<tr><td>AWSSupportServiceRolePolicyV2 - Update</td><td>Added 5 new permissions</td><td>May 1, 2022</td></tr>
<tr><td>Change log published</td><td>Begun.</td><td>February 17, 2022</td></tr>
</tbody></table></div></body></html>"""
RSS = """<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel><title>Guide</title>
<item><title>Updated AWSSupportServiceRolePolicy</title><description>&lt;p&gt;Added 47 new permissions&lt;/p&gt;</description>
<pubDate>Tue, 04 Oct 2022 10:00:00 GMT</pubDate></item>
<item><title>New checks</title><description>Something else</description><pubDate>Tue, 04 Oct 2022 10:00:00 GMT</pubDate></item>
</channel></rss>"""
ATOM = f"""<feed xmlns="http://www.w3.org/2005/Atom"><entry><title>{NAME}</title><summary>Removed 3 permissions</summary>
<updated>2023-01-02T00:00:00Z</updated></entry></feed>"""


def test_a_page_is_read_by_its_columns() -> None:
    older, newer = read_announcements(PAGE.encode(), NAME, "page.html")
    assert (newer.day, newer.added, newer.removed, newer.removes) == (date(2022, 10, 4), 1047, 12, True)
    assert newer.services == ("AWS Application Migration Service", "Amazon EC2")
    assert (older.day, older.added, older.removed, older.removes) == (date(2022, 6, 23), None, None, True)
    assert newer.source == "page.html"


def test_feeds_are_read() -> None:
    (one,) = read_announcements(RSS.encode(), NAME, "feed")
    assert (one.day, one.added, one.removed) == (date(2022, 10, 4), 47, None)
    (one,) = read_announcements(ATOM.encode(), NAME, "feed")
    assert (one.day, one.added, one.removed) == (date(2023, 1, 2), None, 3)


@pytest.mark.parametrize(
    ("raw", "wrong"),
    [
        (b"", "no table of Change, Description and Date"),
        (b"<html><table><tr><th>Change</th></tr></table>", "no table of Change"),
        (b"<html><![x[", "is no HTML"),
        (b"<table><tr><td>&#" + b"9" * 5000 + b";</td></tr></table>", "is no HTML"),
        (b"\xff\xfe", "no text in UTF-8"),
        (PAGE.replace("June 23, 2022", "yesterday").encode(), "dates an announcement 'yesterday'"),
        (RSS.replace("<rss", "<!DOCTYPE r [<!ENTITY a 'b'>]><rss").encode(), "declares a document type"),
        (RSS.replace("</rss>", "").encode(), "is no XML"),
        (RSS.replace("2022 10", f"{10**30} 10").encode(), "dates an announcement"),
        (RSS.replace("Tue, 04 Oct 2022 10:00:00 GMT", "soon").encode(), "dates an announcement 'soon'"),
    ],
)
def test_what_is_neither_is_refused(raw: bytes, wrong: str) -> None:
    with pytest.raises(InputError, match=wrong):
        read_announcements(raw, NAME, "page.html")


def test_what_travels_with_us_are_facts_with_a_source() -> None:
    known = known_announcements(NAME)
    assert [(one.day.isoformat(), one.added) for one in known.items] == [
        ("2022-02-17", 74), ("2022-03-14", 54), ("2022-04-27", 25), ("2022-06-23", None), ("2022-08-17", 46),
        ("2022-10-04", 47),
    ]  # fmt: skip
    assert all(one.source.startswith("https://docs.aws.amazon.com/") for one in known.items)
    assert known_announcements("ReadOnlyAccess").items == ()


def test_of_one_day_what_was_read_now_counts() -> None:
    both = merged(known_announcements(NAME), read_announcements(PAGE.encode(), NAME, "p"), date(2022, 12, 1))
    assert len(both.items) == 6
    assert both.until == date(2022, 12, 1)
    assert [one.added for one in both.items][-1] == 1047
