"""The paths under which AWS keeps its policies: facts that moto's data tell again."""

import json
from importlib.metadata import version
from pathlib import Path

from tests.make_paths import WRITTEN, paths
from tracker.model.identity import PolicyArn
from tracker.sources.iam import PATHS
from tracker.sources.known_paths import arn_by_name


def test_they_are_what_moto_s_data_say() -> None:
    written = json.loads(Path(WRITTEN).read_text())
    again = paths()
    if written["source"].split()[1] == version("moto"):
        assert written == again
    told = {name: path for path, names in written["paths"].items() for name in names}
    now = {name: path for path, names in again["paths"].items() for name in names}
    assert all(now[name] == path for name, path in told.items() if name in now)  # a policy never moves
    assert written["paths"].keys() <= set(PATHS)


def test_a_name_has_its_path_and_an_unknown_one_the_plainest() -> None:
    role = "AWSSupportServiceRolePolicy"
    assert arn_by_name(role, "aws") == PolicyArn("aws", role, "/aws-service-role/")
    assert arn_by_name("ViewOnlyAccess", "aws").path == "/job-function/"
    assert arn_by_name("NobodyKnowsIt", "aws-cn") == PolicyArn("aws-cn", "NobodyKnowsIt", "/")
