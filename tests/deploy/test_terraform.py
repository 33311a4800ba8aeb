"""The Terraform configuration, as far as a machine without Terraform can: its grammar, what it names of itself, its rights."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import hcl2
from hcl2.utils import SerializationOptions

from tests.cli.parsing import parse

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = ROOT / "deploy" / "terraform"
TEXT = "\n".join(re.sub(r"(?m)^\s*#.*$", "", path.read_text()) for path in sorted(FOLDER.glob("*.tf")))
PLAIN = SerializationOptions(with_comments=False, strip_string_quotes=True, explicit_blocks=False)


def blocks() -> dict[str, list[Any]]:
    return hcl2.loads(TEXT, serialization_options=PLAIN)  # type: ignore[no-any-return,no-untyped-call,unused-ignore] # JSON


def named(kind: str) -> dict[str, Any]:
    """'type.name' -> the block, of the resources or the data."""
    return {
        f"{of}.{name}": content
        for block in blocks()[kind]
        for of, inside in block.items()
        for name, content in inside.items()
    }


def test_whatever_it_names_of_itself_is_there() -> None:
    declared = {name for block in blocks()["variable"] for name in block}
    assert set(re.findall(r"\bvar\.(\w+)", TEXT)) == declared
    data, resources = named("data"), named("resource")
    assert set(re.findall(r"\bdata\.(\w+\.\w+)", TEXT)) == set(data)
    used = set(re.findall(r"(?<!data\.)(?<!\")\b(aws_\w+\.\w+)\b", TEXT))
    assert used <= set(resources)
    assert len(used) > 10


def test_it_may_do_what_the_page_says_and_its_own_disk_and_mail() -> None:
    page = (ROOT / "docs" / "iam-permissions.md").read_text()
    wanted = json.loads(re.findall(r"```json\n(.*?)```", page, re.DOTALL)[0])["Statement"]
    given = {one["sid"]: one for one in named("data")["aws_iam_policy_document.task"]["statement"]}
    for statement in wanted:
        one = given.pop(statement["Sid"])
        assert sorted(one["actions"]) == sorted(statement["Action"])
        (resource,) = one["resources"]
        assert resource.replace("${data.aws_partition.this.partition}", "aws") == statement["Resource"]
    assert set(given) == {"Disk", "Mail"}
    for one in given.values():
        assert not any("*" in text for text in (*one["actions"], *one["resources"]))


def test_one_task_and_never_two_as_nobody_with_a_root_that_is_read_only() -> None:
    service = named("resource")["aws_ecs_service.this"]
    limits = [service[f"deployment_{name}"] for name in ("minimum_healthy_percent", "maximum_percent")]
    assert (service["desired_count"], limits) == (1, [0, 100])
    container = blocks()["locals"][0]["container"]
    assert container["readonlyRootFilesystem"] is True
    user = container["user"].split(":")[0]
    assert f"--uid {user} " in (ROOT / "Dockerfile").read_text()
    point = named("resource")["aws_efs_access_point.data"]
    assert str(point["posix_user"][0]["uid"]) == user
    for command in re.findall(r"command\s*= \[(.*?)\]", TEXT):
        parse(shlex.join(["policy-tracker", *json.loads(f"[{command}]")]))


def test_the_settings_that_it_sets_are_settings() -> None:
    page = (ROOT / "docs" / "settings.md").read_text()
    names = set(re.findall(r"\bPOLICY_TRACKER_\w+", TEXT))
    assert len(names) == 5
    assert all(f"`{name}`" in page for name in names)
