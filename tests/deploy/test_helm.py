"""The Helm chart against the manifests, as far as a machine without Helm can: the few forms that it uses, filled in here."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parent.parent.parent
CHART = ROOT / "deploy" / "helm" / "policy-tracker"
MANIFESTS = ROOT / "deploy" / "kubernetes" / "policy-tracker.yaml"
ACTION = re.compile(r"\{\{(-?) (.*?) (-?)\}\}")
BLOCK = re.compile(
    r"\n *\{\{- (if|range \$name, \$value :=) \.Values\.([\w.]+) \}\}\n(.*?)\n *\{\{- end \}\}", re.DOTALL
)


def read(path: Path) -> Any:
    return YAML(typ="safe").load(path.read_text())


def value(of: str, values: dict[str, Any]) -> Any:
    found: Any = values
    for key in of.split("."):
        found = found[key]
    return found


def filled(text: str, values: dict[str, Any], release: str) -> str:
    """What Helm makes of a template of ours. A form that is not known here stays, and is no YAML."""

    def block(found: "re.Match[str]") -> str:
        kind, name, inside = found.groups()
        of = value(name, values)
        if kind == "if":
            return f"\n{inside}" if of else ""
        return "".join(
            "\n" + inside.replace("{{ $name | quote }}", json.dumps(key)).replace("{{ $value | quote }}", json.dumps(one))
            for key, one in sorted(of.items())
        )  # fmt: skip

    def action(found: "re.Match[str]") -> str:
        if found[2] == ".Release.Name":
            return release
        name, _, pipe = found[2].removeprefix(".Values.").partition(" | ")
        assert pipe in ("quote", "toJson"), found[0]
        return json.dumps(value(name, values))

    return ACTION.sub(action, BLOCK.sub(block, text))


def rendered(values: dict[str, Any], release: str = "policy-tracker") -> dict[str, Any]:
    found = {}
    for path in sorted((CHART / "templates").iterdir()):
        one = YAML(typ="safe").load(filled(path.read_text(), values, release))
        found[one["kind"]] = one
    return found


def test_as_it_is_it_gives_what_the_manifests_give() -> None:
    manifests = {one["kind"]: one for one in YAML(typ="safe").load_all(MANIFESTS.read_text())}
    assert rendered(read(CHART / "values.yaml")) == manifests


def test_it_is_of_this_release() -> None:
    about = read(CHART / "Chart.yaml")
    version = re.search(r'^version = "(.*)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert version
    assert (about["apiVersion"], about["version"], about["appVersion"]) == ("v2", version[1], version[1])
    assert read(CHART / "values.yaml")["image"] == f"policy-tracker:{version[1]}"


def test_a_release_with_a_name_a_secret_and_settings_of_its_own() -> None:
    values = read(CHART / "values.yaml")
    values["settings"] |= {"POLICY_TRACKER_MAIL__HOST": 'a "quoted" name: {}'}
    values |= {"secret": "of-mail", "host": "tracker.example.com"}
    values["storage"] |= {"className": "gp3"}
    found = rendered(values, "other")
    pod = found["StatefulSet"]["spec"]["template"]["spec"]
    assert {one["metadata"]["name"] for one in found.values()} == {"other"}
    assert {"name": "POLICY_TRACKER_MAIL__HOST", "value": 'a "quoted" name: {}'} in pod["containers"][0][
        "env"
    ]
    assert pod["volumes"][-1]["secret"] == {"secretName": "of-mail", "defaultMode": 0o400}
    assert pod["containers"][0]["volumeMounts"][-1]["mountPath"] == "/run/secrets/policy-tracker"
    assert found["PersistentVolumeClaim"]["spec"]["storageClassName"] == "gp3"
    assert found["Service"]["spec"]["selector"] == {"app.kubernetes.io/name": "other"}


@pytest.mark.parametrize("path", sorted((CHART / "templates").iterdir()), ids=lambda path: path.name)
def test_no_form_stands_there_that_this_file_does_not_fill_in(path: Path) -> None:
    assert "{{" not in filled(path.read_text(), read(CHART / "values.yaml"), "policy-tracker")
