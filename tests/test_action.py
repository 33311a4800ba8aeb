"""The gate in other people's pipelines: the GitHub Action's own steps in a shell, and the pre-commit hook by pre-commit."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parent.parent
ACTION: dict[str, Any] = YAML(typ="safe").load(ROOT / "action.yml")
STEPS: dict[str, dict[str, Any]] = {step["id"]: step for step in ACTION["runs"]["steps"]}
BIN = Path(sys.executable).parent
ADMIN = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iam:*", "Resource": "*"}]}
READER = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}]}


def write(folder: Path, **policies: dict[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, document in policies.items():
        (folder / f"{name}.json").write_text(json.dumps(document), encoding="utf-8")


# -- the action -------------------------------------------------------------------------------------------------------


@pytest.fixture
def runner(tmp_path: Path) -> Path:
    """What the installing step leaves behind: a folder with the command, here this checkout's."""
    folder = tmp_path / "runner" / "policy-tracker" / "bin"
    folder.mkdir(parents=True)
    for name in ("python", "policy-tracker"):
        (folder / name).write_text(f'#!/bin/sh\nexec "{BIN / name}" "$@"\n', encoding="utf-8")
        (folder / name).chmod(0o755)
    return tmp_path / "runner"


def gate(runner: Path, **inputs: str) -> tuple[subprocess.CompletedProcess[str], dict[str, str]]:
    """The judging step as the runner starts it, in a checkout of its own; and what it left as outputs."""
    step, output = STEPS["gate"], runner / "output"
    given = {name: one.get("default", "") for name, one in ACTION["inputs"].items()} | inputs
    environment = {
        variable: given[re.fullmatch(r"\$\{\{ inputs\.([a-z]+) \}\}", text)[1]]  # type: ignore[index] # the test below says so
        for variable, text in step["env"].items()
    }
    output.write_text("", encoding="utf-8")
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=runner.parent,
        env={
            "PATH": os.environ["PATH"],
            "RUNNER_TEMP": str(runner),
            "GITHUB_OUTPUT": str(output),
            **environment,
        },
    )
    return done, dict(line.split("=", 1) for line in output.read_text(encoding="utf-8").splitlines())


def test_the_action_is_one_that_github_accepts() -> None:
    subprocess.run(
        [BIN / "check-jsonschema", "--builtin-schema", "vendor.github-actions", ROOT / "action.yml"],
        check=True,
        capture_output=True,
        timeout=60,
    )


def test_no_expression_is_written_into_a_script_and_inputs_arrive_as_variables() -> None:
    for step in STEPS.values():
        assert "${{" not in step["run"]
        assert step["shell"] == "bash"
        for text in step["env"].values():
            assert re.fullmatch(r"\$\{\{ inputs\.([a-z]+) \}\}", text)
            assert text[len("${{ inputs.") : -len(" }}")] in ACTION["inputs"]


def test_something_forbidden_fails_the_step_and_is_in_the_report(runner: Path) -> None:
    write(runner.parent / "policies" / "deep", admin=ADMIN)
    write(runner.parent / "policies", reader=READER)
    done, outputs = gate(runner, policies="policies/**/*.json", forbid="ec2:*\niam:PassRole\n")
    assert done.returncode == 1, done.stderr
    assert "iam:PassRole is granted on every resource, by iam:*" in done.stdout
    assert outputs == {"sarif": "policy-tracker.sarif", "exit-code": "1"}
    report = json.loads((runner.parent / "policy-tracker.sarif").read_text(encoding="utf-8"))
    (result,) = report["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "policies/deep/admin.json"


def test_nothing_forbidden_passes_and_against_a_folder_only_news_fail(runner: Path) -> None:
    write(runner.parent / "new", admin=ADMIN)
    write(runner.parent / "old", admin=ADMIN)
    done, outputs = gate(runner, policies="new/admin.json", forbid="ec2:*")
    assert (done.returncode, outputs["exit-code"]) == (0, "0")
    done, outputs = gate(runner, policies="new/admin.json", forbid="iam:*", against="./old", sarif="")
    assert (done.returncode, outputs["sarif"]) == (0, "")


def test_inputs_are_words_and_never_commands(runner: Path) -> None:
    write(runner.parent / "a b", **{"-x; touch pwned": ADMIN})
    hostile = "$(touch pwned)\n`touch pwned`\n'; touch pwned; '\niam:*"
    done, _ = gate(runner, policies="a b/*.json", forbid=hostile, sarif="$(touch pwned).sarif")
    assert done.returncode == 2  # a pattern that is none
    done, _ = gate(runner, policies="a b/*.json", forbid="iam:*", sarif="$(touch pwned).sarif")
    assert done.returncode == 1
    assert not (runner.parent / "pwned").exists()
    assert (runner.parent / "$(touch pwned).sarif").exists()


def test_what_a_file_says_is_no_command_of_the_workflow(runner: Path) -> None:
    write(runner.parent, **{"a\n::error::b": ADMIN})
    done, _ = gate(runner, policies="./*.json", forbid="iam:*")
    first, *_, last = done.stdout.splitlines()
    stopped = re.fullmatch(r"::stop-commands::([0-9a-f]{32})", first)
    assert stopped
    assert last == f"::{stopped[1]}::"


@pytest.mark.parametrize(
    ("policies", "said"),
    [("gone/*.json", "names no file: gone/*.json"), ("\n", "is empty"), ("x", "x can't be read")],
)
def test_nothing_to_judge_is_no_success(runner: Path, policies: str, said: str) -> None:
    done, _ = gate(runner, policies=policies, forbid="iam:*")
    assert done.returncode == 2
    assert said in done.stderr


def test_an_output_can_not_be_forged(runner: Path) -> None:
    write(runner.parent, admin=ADMIN)
    done, outputs = gate(runner, policies="admin.json", forbid="iam:*", sarif="a\nexit-code=0")
    assert (done.returncode, outputs) == (2, {})


def test_the_installing_step_takes_what_is_locked_and_nothing_else(tmp_path: Path) -> None:
    # A Python that writes down what it is asked for, and makes the folder that `-m venv` makes.
    said = tmp_path / "said"
    python = tmp_path / "python3"
    python.write_text(
        f'#!/bin/sh\necho "$@" >> "{said}"\n'
        'if [ "$2" = venv ]; then mkdir -p "$3/bin" && cp "$0" "$3/bin/python"; fi\n',
        encoding="utf-8",
    )
    python.chmod(0o755)
    environment = {"RUNNER_TEMP": str(tmp_path), "GITHUB_ACTION_PATH": str(ROOT), "PYTHON": str(python)}
    subprocess.run(
        ["bash", "-eo", "pipefail", "-c", STEPS["install"]["run"]],
        check=True,
        timeout=60,
        env={"PATH": os.environ["PATH"], **environment},
    )
    made, *installs = said.read_text(encoding="utf-8").splitlines()
    assert made == f"-m venv {tmp_path}/policy-tracker"
    for line in installs[:-1]:
        assert "--require-hashes" in line
        assert Path(line.rsplit(" ", 1)[1]).is_file()
    assert installs[-1].endswith(f"install --no-deps --no-build-isolation {ROOT}")


# -- the hook ---------------------------------------------------------------------------------------------------------


def git(folder: Path, *arguments: str) -> str:
    who = ["-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"]
    done = subprocess.run(
        ["git", *who, *arguments], cwd=folder, check=True, capture_output=True, text=True, timeout=60
    )
    return done.stdout.strip()


def test_pre_commit_runs_the_hook_over_the_files_of_a_commit(tmp_path: Path) -> None:
    # The hook's repository holds its manifest alone, and the user's configuration says to take the command as it is
    # installed: nothing is fetched.
    hooks, mine = tmp_path / "hooks", tmp_path / "mine"
    for folder in (hooks, mine):
        folder.mkdir()
        git(folder, "init", "-q", "-b", "main")
    (hooks / ".pre-commit-hooks.yaml").write_text(
        (ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"), encoding="utf-8"
    )
    git(hooks, "add", ".")
    git(hooks, "commit", "-q", "-m", "Hooks")
    hook = {
        "id": "policy-tracker-gate",
        "language": "unsupported",
        "args": ["--forbid=iam:*"],
        "files": "^policies/",
    }
    config = {"repos": [{"repo": str(hooks), "rev": git(hooks, "rev-parse", "HEAD"), "hooks": [hook]}]}
    (mine / ".pre-commit-config.yaml").write_text(json.dumps(config), encoding="utf-8")  # JSON is YAML
    write(mine / "policies", admin=ADMIN, reader=READER)
    write(mine, package={"name": "no policy"})

    def run() -> subprocess.CompletedProcess[str]:
        git(mine, "add", ".")
        return subprocess.run(
            [BIN / "pre-commit", "run", "--color=never"],
            cwd=mine,
            capture_output=True,
            text=True,
            timeout=120,
            env={
                **os.environ,
                "PATH": f"{BIN}:{os.environ['PATH']}",
                "PRE_COMMIT_HOME": str(tmp_path / "cache"),
            },
        )

    refused = run()
    assert refused.returncode == 1, refused.stderr
    assert "iam:AcceptDelegationRequest" in refused.stdout
    assert "policies/reader.json: nothing forbidden is granted" in refused.stdout
    assert "package.json" not in refused.stdout
    write(mine / "policies", admin=READER)
    passed = run()
    assert passed.returncode == 0, passed.stdout
    assert "Passed" in passed.stdout
