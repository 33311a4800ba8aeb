"""The demo as a stranger runs it, in an empty folder and without a terminal. Every number that it tells is counted again."""

import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from moto.iam.aws_managed_policies import aws_managed_policies_data

from tracker.demo.history import held_by_aws, published, withdrawn
from tracker.demo.run import run_demo
from tracker.model.identity import VersionId
from tracker.model.instants import duration

COMMAND = [sys.executable, "-m", "tracker", "demo"]
# What a person's own machine may have set must not reach the demo.
A_PERSONS_OWN = {
    "AWS_PROFILE": "production",
    "AWS_ENDPOINT_URL_IAM": "http://127.0.0.1:9",
    "POLICY_TRACKER_HOME": "/nonexistent",
    "POLICY_TRACKER_MAIL__HOST": "mail.example.org",
}


@dataclass(frozen=True)
class Told:
    """One run of the demo."""

    home: Path
    lines: list[str]
    text: str  # the same, unfolded


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """In this process, so that its coverage is seen; test_wheel.py and the Ctrl-C below run it as a process."""
    home = tmp_path_factory.mktemp("demo") / "kept"
    lines: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        for key, value in A_PERSONS_OWN.items():
            patch.setenv(key, value)
        assert run_demo(lambda text: lines.extend(text.split("\n")), home) == 0
        assert {key: os.environ.get(key) for key in A_PERSONS_OWN} == A_PERSONS_OWN
    return Told(home, lines, " ".join(" ".join(lines).split()))


def actions(version: int) -> set[str]:
    document = json.loads(published()[VersionId(version)].document)
    return {name.lower() for statement in document["Statement"] for name in statement["Action"]}


def services(names: set[str]) -> set[str]:
    return {name.partition(":")[0] for name in names}


def told_of(text: str, begin: str, end: str) -> str:
    """The part of the story between two words of it."""
    return text.split(begin, 1)[1].split(end, 1)[0]


def test_the_stage(told: Told) -> None:
    assert f"{len(json.loads(aws_managed_policies_data)):,} managed policies)" in told.text


def test_the_first_look_and_a_quiet_month(told: Told) -> None:
    held = actions(19)
    assert f"v19 is in force, {len(held):,} actions in {len(services(held))} services." in told.text
    quiet = told_of(told.text, "v19, nothing new.", "2021-12-21 23:48")
    assert "looked 16 times" in quiet  # from 15 November until, not with, the look of 1 December


def test_v20_is_found(told: Told) -> None:
    before, after = actions(19), actions(20)
    found = told_of(told.text, "The daily look finds it:", "The mail to")
    new = services(after) - services(before)
    assert (
        f"{len(after - before)} more actions in {len(services(after - before))} services, {len(new)} of them new"
        in found
    )
    assert f"{len(before - after)} were withdrawn" in found
    assert (len(after - before), len(before - after)) == (41, 14)


def test_its_mail_is_put_off_and_arrives_once(told: Told) -> None:
    assert "451" in told_of(told.text, "The mail to security@example.org waits:", "Tried again")
    assert "it has arrived, once." in told.text
    found = [one for one in mails(told.home) if "v19 to v20" in str(one["Subject"])]
    assert len(found) == 1
    (mail,) = found
    assert mail["Subject"] == "AWS Support can now read S3 objects (+41 actions, v19 to v20)"
    assert f"| Subject: {mail['Subject']}" in told.text
    body = mail.get_body(("plain",))
    assert body is not None
    quoted = [line.strip()[2:] for line in told.lines if line.strip().startswith("| ")]
    assert quoted[-2:][-1] in str(body.get_content())


def test_v20_goes_and_what_went_is_told(told: Told) -> None:
    facts = withdrawn()
    gone = told_of(told.text, "Somebody types `policy-tracker check`.", "The month's report goes out.")
    lasted = duration((facts.gone - facts.create_date).total_seconds())
    assert lasted == "10 h 25 min"
    for said in ("Rolled back to v19", "41 actions", "14 actions", f"at most {lasted}"):
        assert said in gone
    assert "28 of Amazon S3 (s3:getObject among them)" in gone
    by_service = sum(int(number) for number in re.findall(r"(\d+) of A", gone.split("Withdrawn:")[1]))
    assert by_service == len(actions(20) - actions(19))


def test_december_is_net_nothing_with_41_transient(told: Told) -> None:
    december = told_of(told.text, "The month's report goes out.", "(From here")
    assert "41" in december
    assert "14" in december
    assert "10 h 25 min" in december
    assert december.strip().endswith("A plain diff of the two months' documents would have said: nothing.")
    record = json.loads(
        (told.home / "changelogs" / "AWSSupportServiceRolePolicy" / "2021-12.json").read_text()
    )
    (one,) = record["policies"]
    assert one["net"] is None
    assert sum(each["direction"] == "granted" for each in one["transient"]) == 41
    assert sum(each["direction"] == "withdrawn" for each in one["transient"]) == 14


@pytest.mark.parametrize(
    ("before", "after", "until"), [(19, 21, "v39:"), (21, 39, "v57:"), (39, 57, "v59:"), (57, 59, "In force")]
)
def test_the_years(told: Told, before: int, after: int, until: str) -> None:
    part = told_of(told.text, f"v{after}:", until)
    old, new = actions(before), actions(after)
    came, went = new - old, old - new
    assert f"can now call {len(came):,} more actions in {len(services(came))} services" in part
    assert f"{len(services(new) - services(old))} of them new" in part
    assert (f"{len(went):,} were withdrawn" in part) == bool(went)
    held = {each.version.number for each in held_by_aws(published().values(), VersionId(after))}
    unseen = set(range(before + 1, after)) - held
    named = part.partition("never seen:")[2]
    told_missing: set[int] = set()
    for first, last in re.findall(r"v(\d+)(?: to v(\d+))?", named):
        told_missing |= set(range(int(first), int(last or first) + 1))
    assert told_missing == unseen


def test_today(told: Told) -> None:
    held = actions(59)
    assert f"In force today: v59, {len(held):,} actions in {len(services(held))} services." in told.text
    listed = subprocess.run(
        [sys.executable, "-m", "tracker", "attention", "--json", "--home", str(told.home)],
        capture_output=True, text=True, check=True, env={"PATH": os.environ["PATH"], "HOME": str(told.home)},
    )  # fmt: skip
    findings = json.loads(listed.stdout)["items"]
    alarms = [each for each in findings if each["severity"] == "alarm"]
    assert f"{len(findings)} findings in it deserve attention, {len(alarms)} of them alarms (" in told.text


def test_pulling_images_is_told_exactly(told: Told) -> None:
    """Checked on the documents: the three came together with v59, on every resource."""
    three = {"ecr:batchgetimage", "ecr:getauthorizationtoken", "ecr:getdownloadurlforlayer"}
    assert three <= actions(59)
    assert not three & actions(57)
    for statement in json.loads(published()[VersionId(59)].document)["Statement"]:
        if three & {name.lower() for name in statement["Action"]}:
            assert statement["Effect"] == "Allow"
            assert statement["Resource"] in ("*", ["*"])
            assert "Condition" not in statement
    assert (
        "- can pull container images, on every resource, since v59, 2026-08-20: ecr:batchGetImage, "
        "ecr:getAuthorizationToken and ecr:getDownloadUrlForLayer" in told.text
    )


def test_the_role_and_what_is_said_where_it_trusts_a_stranger(told: Told) -> None:
    held = actions(59)
    said = told_of(told.text, "Who may do that? `policy-tracker role` says: ", "The changelogs:")
    assert said.startswith(
        "AWSServiceRoleForSupport may be assumed by Service support.amazonaws.com, has AWSSupportServiceRolePolicy v59 attached"
        f" and no inline policy: {len(held):,} actions in {len(services(held))} services."
    )
    assert "The role AWSServiceRoleForSupport can now be assumed by arn:aws:iam::999999999999:root." in said
    assert "An alarm: it can be assumed by arn:aws:iam::999999999999:root." in said


def test_every_path_it_names_is_there(told: Told) -> None:
    paths = [Path(word) for word in told.text.split() if word.startswith(str(told.home))]
    assert len(paths) == 4
    assert all(path.exists() for path in paths)
    assert f"({len(mails(told.home))} mails)" in told.text


def test_no_line_of_the_story_is_wider_than_a_page(told: Told) -> None:
    story = [line for line in told.lines if re.match(r"\d{4}-\d\d-\d\d|  {17}[^|]", line)]
    assert story
    assert max(map(len, story)) <= 110


def test_the_folder_is_a_tracker_that_verifies(told: Told) -> None:
    subprocess.run(
        [sys.executable, "-m", "tracker", "verify", "--home", str(told.home)],
        check=True, capture_output=True, env={"PATH": os.environ["PATH"], "HOME": str(told.home)},
    )  # fmt: skip


def test_a_folder_that_is_not_empty_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("precious")
    done = subprocess.run([*COMMAND, "--keep", str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 4
    assert "is not empty" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_ctrl_c_ends_everything(tmp_path: Path) -> None:
    process = subprocess.Popen(
        # A shell starts what is in its background with SIGINT ignored, and that would be inherited.
        ["env", "--default-signal=INT", *COMMAND, "--keep", str(tmp_path / "demo")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        while "v19 is in force" not in process.stdout.readline():
            assert process.poll() is None
        (child,) = children(process.pid)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    assert not Path(f"/proc/{child}").exists()


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def mails(home: Path) -> list[EmailMessage]:
    return [
        message_from_bytes(path.read_bytes(), policy=policy.default)
        for path in sorted((home / "mail").glob("*.eml"))
    ]
