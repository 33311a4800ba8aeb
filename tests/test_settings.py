"""Settings: three layers, each stronger than the one before; every value's origin; every wrong value named."""

import os
from collections.abc import Mapping
from datetime import date, time
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.errors import SettingsError, SetupError
from tracker.model.change import Severity
from tracker.model.rules import Accepted
from tracker.settings import DECLARED, Settings, find_home, load_settings, mail_password, tables
from tracker.settings.kinds import toml


def load(
    home: Path,
    file: str = "",
    environ: Mapping[str, str] | None = None,
    flags: Mapping[str, str] | None = None,
) -> Settings:
    (home / "policy-tracker.toml").write_text(file, encoding="utf-8")
    return load_settings(home, environ or {}, flags, cwd=home)


def refused(
    home: Path,
    file: str = "",
    environ: Mapping[str, str] | None = None,
    flags: Mapping[str, str] | None = None,
) -> str:
    with pytest.raises(SettingsError) as caught:
        load(home, file, environ, flags)
    assert caught.value.exit_code == 4
    return str(caught.value)


def test_an_empty_file_means_every_default(tmp_path: Path) -> None:
    settings = load(tmp_path)
    assert settings.policies == ("AWSSupportServiceRolePolicy",)
    assert settings == Settings(home=tmp_path)
    assert {row.origin.layer for row in settings.rows()} == {"default"}
    assert settings.database == tmp_path / "tracker.db"
    assert settings.mail.effective_port == 587


def test_each_layer_is_stronger_than_the_one_before_and_every_value_knows_its_origin(tmp_path: Path) -> None:
    file = '[aws]\nregion = "eu-central-1"\nprofile = "file"\nattempts = 3\n'
    environ = {"POLICY_TRACKER_AWS__PROFILE": "variable", "POLICY_TRACKER_AWS__ATTEMPTS": "4"}
    settings = load(tmp_path, file, environ, {"aws.attempts": "7"})
    assert (settings.aws.region, settings.aws.profile, settings.aws.attempts) == (
        "eu-central-1",
        "variable",
        7,
    )
    assert str(settings.origin("aws.region")) == str(tmp_path / "policy-tracker.toml")
    assert settings.origin("aws.profile") == ("environment", "POLICY_TRACKER_AWS__PROFILE")
    assert settings.origin("aws.attempts") == ("flag", "--set aws.attempts")
    assert settings.origin("aws.read_timeout_s").layer == "default"


def test_the_environment_sets_lists_numbers_and_tables(tmp_path: Path) -> None:
    environ = {
        "POLICY_TRACKER_POLICIES": "ReadOnlyAccess, arn:aws-cn:iam::aws:policy/SecurityAudit,ReadOnlyAccess",
        "POLICY_TRACKER_ATTENTION__TRIPWIRES": '["s3:GetObject", "*:Decrypt"]',
        "POLICY_TRACKER_LOCK_WAIT_S": "1.5",
        "POLICY_TRACKER_ATTENTION__ACCEPTED": '[{"pattern": "S3:List*", "reason": "names only", "owner": "Ada", "expires": "2027-01-31"}]',
    }
    settings = load(tmp_path, "", environ)
    assert settings.policies == ("ReadOnlyAccess", "arn:aws-cn:iam::aws:policy/SecurityAudit")
    assert settings.attention.tripwires == ("s3:GetObject", "*:Decrypt")
    assert settings.lock_wait_s == 1.5
    assert settings.attention.accepted == (Accepted("s3:list*", "names only", "Ada", date(2027, 1, 31)),)


def test_words_and_intervals_count_from_the_drawn_time_wherever_it_was_set(tmp_path: Path) -> None:
    settings = load(tmp_path, '[schedule]\nat = "04:41"\nlook = "6h"\n')
    assert settings.schedule.at == time(4, 41)
    assert settings.schedule.report.cron == "41 4 1 * *"
    assert (settings.schedule.look.anchor.hour, settings.schedule.look.anchor.minute) == (4, 41)
    moved = load(tmp_path, '[schedule]\nat = "04:41"\n', {"POLICY_TRACKER_SCHEDULE__AT": "05:02"})
    assert moved.schedule.look.cron == "2 5 * * *"


@pytest.mark.parametrize(
    "sender", ["pt@example.com", "Policy tracker <pt@example.com>", '"P, T" <pt@example.com>']
)
def test_a_sender_may_have_a_name(tmp_path: Path, sender: str) -> None:
    assert load(tmp_path, f"[mail]\nsender = {toml(sender)}").mail.sender == sender


def test_rules_of_the_users_own(tmp_path: Path) -> None:
    file = """
        [attention]
        silenced = ["customer-data/s3-objects"]
        [[attention.accepted]]
        pattern = "ec2:Describe*"
        reason = "metadata"
        owner = "Grace"
        expires = 2027-01-31
        policy = "AWSSupport*"
        [[attention.watch]]
        rule = "own/tickets"
        actions = ["support:DescribeCases", "support:DescribeCommunications"]
        consequence = "read our support tickets"
        why = "They hold customers' names."
        severity = "alarm"
    """
    settings = load(tmp_path, file)
    assert settings.attention.accepted[0].expires == date(2027, 1, 31)
    (entry,) = settings.attention.watch
    assert entry.actions == ("support:describecases", "support:describecommunications")
    assert (entry.severity, entry.kind, entry.source) == ("alarm", "capability", "policy-tracker.toml")
    assert settings.attention.silenced == ("customer-data/s3-objects",)


@pytest.mark.parametrize(
    ("file", "key_and_value", "right"),
    [
        ("polices = []", "polices", "did you mean policies"),
        ('tripwires = ["s3:*"]', "tripwires", "did you mean attention.tripwires"),
        ('[mail]\nhots = "x"', "mail.hots", "did you mean mail.host"),
        ("[mial]\nport = 1", "there is no section [mial]", "did you mean [mail]"),
        ('mail = "smtp.example.com"', "mail", "there is no setting mail"),
        ('[mail]\nport = "25"', 'mail.port = "25"', "a whole number, 0 to 65535"),
        ("[mail]\nport = 25.0", "mail.port = 25.0", "a whole number"),
        ("[mail]\nport = true", "mail.port = true", "a whole number"),
        ("[mail]\nport = 65536", "mail.port = 65536", "0 to 65535"),
        ('[mail]\nsecurity = "ssl"', 'mail.security = "ssl"', "'starttls', 'tls', 'none'"),
        ('[mail]\nsender = "nobody"', 'mail.sender = "nobody"', "a mail address like"),
        ('[mail]\nsender = "Ada Lovelace"', "mail.sender", "mail address like"),
        ('[mail]\noperator = "a b@example.com"', "mail.operator", "a mail address like"),
        ('[mail]\noperator = "a@example.com\\nBcc: b@example.com"', "mail.operator", "no line break"),
        ('[mail]\nhost = "smtp example"', "mail.host", "a host's name"),
        ("[mail]\ntimeout_s = 0", "mail.timeout_s = 0", "seconds, 1 to 600"),
        ('policies = "ReadOnlyAccess"', 'policies = "ReadOnlyAccess"', "names of policies"),
        ('policies = ["Read Only"]', "'Read Only' does not fit", "names of policies"),
        ('policies = ["arn:aws:s3:::x"]', "policies", "not the ARN of an IAM policy"),
        ('base_url = "changes.example.com"', "base_url", "https://changes.example.com"),
        ("base_url = 1979-05-27", "base_url = 1979-05-27", "https://changes.example.com"),
        ('templates = "nowhere"', "templates", "there is no such folder"),
        ('[schedule]\nlook = "0 0 31 2 *"', 'schedule.look = "0 0 31 2 *"', "no date ever fulfils"),
        ('[schedule]\nreport = "61 6 1 * *"', "schedule.report", "minute '61' is impossible; wanted: 0-59"),
        ('[schedule]\nat = "24:00"', 'schedule.at = "24:00"', "hour and minute in UTC"),
        ('[aws]\nregion = "Frankfurt"', "aws.region", "us-east-1"),
        ('[attention]\ntripwires = ["read my mail"]', "attention.tripwires", "action patterns like"),
        ('[attention]\naccepted = ["s3:*"]', "attention.accepted", "tables with pattern, reason, owner"),
        (
            '[[attention.accepted]]\npattern = "s3:*"\nowner = "Ada"',
            "attention.accepted",
            "'reason' is missing",
        ),
        (
            '[[attention.accepted]]\npattern = "s3:*"\nowner = "A"\nreason = "r"\nexpires = "soon"',
            'expires = "soon"',
            "a date like 2027-01-31",
        ),
        (
            '[[attention.accepted]]\npattern = "s3:*"\nowner = "A"\nreason = "r"\nexpires = "2027-02-30"',
            'expires = "2027-02-30"',
            "day is out of range for month",
        ),
        ('[[attention.accepted]]\npatern = "s3:*"', "unknown key 'patern'", "known: pattern, reason"),
        (
            '[[attention.watch]]\nrule = "x"\nconsequence = "y"\nwhy = "z"',
            "actions",
            "'actions' is missing; wanted: a list of at least one action",
        ),
        (
            '[[attention.watch]]\nrule = "x"\nactions = []\nconsequence = "y"\nwhy = "z"',
            "actions = []",
            "at least one action",
        ),
        (
            '[[attention.accepted]]\npattern = "s3:*"\nowner = "A"\nreason = "r"\nresources = ["logs"]',
            'resources = ["logs"]',
            "arn:aws:s3:::logs/*",
        ),
        ('[log]\nformat = "xml"', 'log.format = "xml"', "'text', 'json'"),
        ("x = = 1", "is no TOML", "line 1"),
        ("[mail]\nport = inf", "mail.port = ", "a whole number"),
        ("x = " + "9" * 5000, "is no TOML", "4300 digits"),
        ("x = " + "[" * 90_000, "is no TOML", "policy-tracker.toml"),
    ],
)
def test_a_wrong_value_names_file_key_value_and_what_would_be_right(
    tmp_path: Path, file: str, key_and_value: str, right: str
) -> None:
    said = refused(tmp_path, file)
    assert str(tmp_path / "policy-tracker.toml") in said
    assert key_and_value in said
    assert right in said


def test_a_named_pipe_in_the_place_of_the_file_hangs_nobody(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "policy-tracker.toml")
    with pytest.raises(SettingsError, match="can't be read: it is no file"):
        load_settings(tmp_path, {})


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        (
            {"POLICY_TRACKER_MAIL__PORT": "smtp"},
            'POLICY_TRACKER_MAIL__PORT: mail.port = "smtp": wanted: a whole number',
        ),
        ({"POLICY_TRACKER_MAIL_PORT": "25"}, "there is no setting mail_port; did you mean mail.port"),
        ({"POLICY_TRACKER_ATTENTION__ACCEPTED": "[{"}, "not JSON"),
        ({"POLICY_TRACKER_POLICIES": "[1]"}, "names of policies"),
    ],
)
def test_a_wrong_variable_is_named(tmp_path: Path, environ: dict[str, str], said: str) -> None:
    assert said in refused(tmp_path, "", environ)


def test_what_is_no_setting_of_ours_is_left_alone(tmp_path: Path) -> None:
    environ = {
        "POLICY_TRACKER_HOME": "/x",
        "POLICY_TRACKER_PORT": "tcp://10.0.0.1:80",  # Kubernetes sets these beside a Service of this name
        "POLICY_TRACKER_PORT_80_TCP_ADDR": "10.0.0.1",
        "POLICY_TRACKER_SERVICE_HOST": "10.0.0.1",
        "PATH": "/bin",
    }
    assert load(tmp_path, "", environ) == Settings(home=tmp_path)


def test_every_wrong_value_is_said_at_once(tmp_path: Path) -> None:
    said = refused(tmp_path, '[mail]\nport = -1\nhost = "??"\n', {"POLICY_TRACKER_LOG__LEVEL": "loud"})
    assert said.startswith("3 settings are wrong:")
    assert all(key in said for key in ("mail.port", "mail.host", "log.level"))


def test_a_wrong_value_is_wrong_even_where_a_stronger_layer_hides_it(tmp_path: Path) -> None:
    assert "mail.port = -1" in refused(tmp_path, "[mail]\nport = -1\n", {"POLICY_TRACKER_MAIL__PORT": "25"})


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ('[mail]\nhost = "smtp.example.com"', "mail.sender is not"),
        ('[mail]\nusername = "u"', "mail.username is set alone"),
        ('[mail]\npassword = "p"', "mail.password is set alone"),
        ('[mail]\nusername = "u"\npassword = "p"\npassword_file = "f"', "both set; wanted: one of them"),
        (
            '[mail]\nhost = "smtp.example.com"\nsender = "a@example.com"\nusername = "u"\npassword = "p"\nsecurity = "none"',
            "would send the password in the clear",
        ),
    ],
)
def test_settings_that_contradict_one_another(tmp_path: Path, file: str, said: str) -> None:
    assert said in refused(tmp_path, file)


def test_a_folder_without_settings_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"policy-tracker\.toml is missing") as caught:
        load_settings(tmp_path, {})
    assert f"policy-tracker init {tmp_path}" in caught.value.advice
    assert load_settings(tmp_path, {}, needs_file=False) == Settings(home=tmp_path)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "policy-tracker.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match="can't be read"):
        load_settings(tmp_path, {})


def test_the_folder_is_found_by_flag_variable_current_folder_and_at_last_the_users_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = {"POLICY_TRACKER_HOME": "from/variable"}
    assert find_home("from/flag", environ, tmp_path) == (tmp_path / "from/flag", "--home")
    assert find_home(None, environ, tmp_path) == (tmp_path / "from/variable", "POLICY_TRACKER_HOME")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert find_home(None, {}, tmp_path) == (tmp_path / "data/policy-tracker", "the user's data folder")
    (tmp_path / "policy-tracker.toml").touch()
    assert find_home(None, {}, tmp_path) == (tmp_path, "the current folder")


SECRET = "correct horse battery staple"


def test_a_secret_is_never_shown(tmp_path: Path) -> None:
    settings = load(tmp_path, '[mail]\nusername = "u"\n', {"POLICY_TRACKER_MAIL__PASSWORD": SECRET})
    assert mail_password(settings) == SECRET
    assert SECRET not in repr(settings)
    assert SECRET not in str(list(settings.rows()))
    said = refused(tmp_path, "", {"POLICY_TRACKER_MAIL__PASSWORD": SECRET + "\n\x00"})
    assert SECRET not in said
    said = refused(tmp_path, "", None, {"mail.password": SECRET})
    assert "a secret on a command line" in said
    assert "POLICY_TRACKER_MAIL__PASSWORD" in said
    assert SECRET not in said


def test_a_password_file_is_read_late_and_only_where_its_owner_alone_reads_it(tmp_path: Path) -> None:
    settings = load(tmp_path, '[mail]\nusername = "u"\npassword_file = "secret"\n')
    with pytest.raises(SettingsError, match="can't be read"):
        mail_password(settings)
    secret = tmp_path / "secret"
    secret.write_text(SECRET + "\n")
    secret.chmod(0o644)
    with pytest.raises(SettingsError, match="everybody may read it") as caught:
        mail_password(settings)
    assert caught.value.advice == f"chmod 600 {secret}"
    secret.chmod(0o600)
    assert mail_password(settings) == SECRET
    secret.write_text("\n")
    with pytest.raises(SettingsError, match="does not hold a password"):
        mail_password(settings)


def test_a_password_in_a_settings_file_that_everybody_reads_is_refused(tmp_path: Path) -> None:
    settings = load(tmp_path, f'[mail]\nusername = "u"\npassword = "{SECRET}"\n')
    settings.file.chmod(0o644)
    with pytest.raises(SettingsError, match="everybody may read it"):
        mail_password(settings)
    settings.file.chmod(0o600)
    assert mail_password(settings) == SECRET


def test_without_a_login_there_is_no_password(tmp_path: Path) -> None:
    assert mail_password(Settings(home=tmp_path)) == ""


def test_every_value_can_be_written_as_toml_and_read_again(tmp_path: Path) -> None:
    file = '[[attention.accepted]]\npattern = "s3:*"\nreason = "r"\nowner = "o"\nexpires = 2027-01-31\nresources = ["arn:aws:s3:::logs/*"]\n'
    file += '[[attention.watch]]\nrule = "a/b"\nactions = ["s3:*"]\nconsequence = "c \\"d\\""\nwhy = "é"\n'
    settings = load(tmp_path, file)
    again = "\n".join(f"{row.key} = {row.value}" for row in settings.rows())
    read = load(tmp_path, again)
    assert [row[:2] for row in read.rows()] == [row[:2] for row in settings.rows()]
    assert read.attention == settings.attention


def test_a_rules_severity_is_one_of_those_that_a_change_can_have() -> None:
    for severity in get_args(Severity):
        assert repr(severity) in tables._SEVERITY.right
    assert tables._SEVERITY.right.count("'") == 2 * len(get_args(Severity))


def test_every_setting_says_what_it_means() -> None:
    for declared in DECLARED.values():
        assert declared.meaning.endswith("."), declared.key
        assert declared.kind.right, declared.key


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"])))
def test_any_text_survives_toml(text: str) -> None:
    import tomllib

    assert tomllib.loads(f"x = {toml(text)}")["x"] == text
