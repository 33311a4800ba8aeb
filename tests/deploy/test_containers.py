"""The compose file and the Kubernetes manifests, as far as a machine without either can hold them to what is true."""

import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tests.cli.parsing import parse

ROOT = Path(__file__).resolve().parent.parent.parent
COMPOSE = ROOT / "deploy" / "container" / "compose.yml"
MANIFESTS = ROOT / "deploy" / "kubernetes" / "policy-tracker.yaml"


def manifests() -> dict[str, dict[str, Any]]:
    return {one["kind"]: one for one in YAML(typ="safe").load_all(MANIFESTS.read_text())}


def test_compose_fits_its_schema() -> None:
    command = [
        str(Path(sys.executable).with_name("check-jsonschema")),
        "--builtin-schema",
        "vendor.compose-spec",
    ]
    done = subprocess.run([*command, str(COMPOSE)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_compose_is_shut_in_and_its_command_is_ours() -> None:
    told = YAML(typ="safe").load(COMPOSE.read_text())
    service = told["services"]["policy-tracker"]
    assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert (COMPOSE.parent / service["build"]["context"] / "Dockerfile").resolve() == ROOT / "Dockerfile"
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    assert set(service["secrets"]) == set(told["secrets"])
    assert parse(shlex.join(["policy-tracker", *service["command"]])) == ("daemon",)


def test_the_pod_is_nobody_in_particular_and_writes_nowhere_but_its_folders() -> None:
    pod = manifests()["StatefulSet"]["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert f"--uid {pod['securityContext']['runAsUser']} " in (ROOT / "Dockerfile").read_text()
    assert pod["automountServiceAccountToken"] is False
    for container in (*pod["initContainers"], *pod["containers"]):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        parse(shlex.join(["policy-tracker", *container["args"]]))
        assert {mount["name"] for mount in container["volumeMounts"]} == {
            volume["name"] for volume in pod["volumes"]
        }
        assert "limits" in container["resources"]


def test_what_the_manifests_name_of_each_other_is_there() -> None:
    found = manifests()
    labels = found["StatefulSet"]["spec"]["template"]["metadata"]["labels"]
    for chosen in (
        found["Service"]["spec"]["selector"],
        found["StatefulSet"]["spec"]["selector"]["matchLabels"],
        found["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"],
    ):
        assert chosen.items() <= labels.items()
    pod = found["StatefulSet"]["spec"]["template"]["spec"]
    assert pod["serviceAccountName"] == found["ServiceAccount"]["metadata"]["name"]
    assert (
        pod["volumes"][0]["persistentVolumeClaim"]["claimName"]
        == found["PersistentVolumeClaim"]["metadata"]["name"]
    )
    (container,) = pod["containers"]
    assert {container[probe]["httpGet"]["path"] for probe in ("readinessProbe", "livenessProbe")} == {
        "/readyz",
        "/healthz",
    }
    (named,) = container["readinessProbe"]["httpGet"]["httpHeaders"]
    assert container["args"][container["args"].index("--host") + 1] == named["value"]
