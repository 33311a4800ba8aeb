"""Where settings come from: policy-tracker.toml, then the environment, then flags; each stronger than the one before."""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from tracker.errors import SettingsError, SetupError
from tracker.schedule import Schedule
from tracker.settings.kinds import Given, toml
from tracker.settings.values import DECLARED, FILE_NAME, SECTIONS, Origin, Settings

_LONGEST = 80  # characters of a key that is none, as it is told
_NAMED = 20  # wrong settings that are told at once
PREFIX = "POLICY_TRACKER_"
HOME_VARIABLE = PREFIX + "HOME"
# Not settings: the folder itself, what the tests ask for, and what Kubernetes sets beside a Service of this name.
_NOT_SETTINGS = re.compile(r"HOME|REQUIRE_ALL|KILLS|PORT(_\d+_.*)?|SERVICE_(HOST|PORT.*)")


def find_home(flag: str | None, environ: Mapping[str, str], cwd: Path) -> tuple[Path, str]:
    """The tracker's folder, and what decided it: `--home`, POLICY_TRACKER_HOME, the current folder if it holds
    policy-tracker.toml, else the platform's folder for a user's data. Whether it exists is not asked."""
    if flag:
        return (cwd / Path(flag).expanduser()).absolute(), "--home"
    if environ.get(HOME_VARIABLE):
        return (cwd / Path(environ[HOME_VARIABLE]).expanduser()).absolute(), HOME_VARIABLE
    if (cwd / FILE_NAME).is_file():
        return cwd.absolute(), "the current folder"
    from platformdirs import user_data_path  # only the last resort needs it

    return user_data_path("policy-tracker", appauthor=False), "the user's data folder"


def current_folder() -> Path:
    """The folder that this process runs in. Raises SetupError where it was removed meanwhile."""
    try:
        return Path.cwd()
    except FileNotFoundError as error:
        raise SetupError(
            "the folder that this runs in is gone: somebody removed it",
            advice="change to a folder that is there (cd), then run it again",
        ) from error


def load_settings(
    home: Path,
    environ: Mapping[str, str],
    flags: Mapping[str, str] | None = None,
    *,
    cwd: Path | None = None,
    needs_file: bool = True,
) -> Settings:
    """Read and check every setting. `flags` are dotted keys ('mail.host') with text.

    Raises SetupError where the folder holds no policy-tracker.toml (unless `needs_file` is False), and SettingsError
    naming file, key, value and what would be right for each value that is wrong, wherever it stands.
    """
    base = cwd or current_folder()
    layers = [
        *_from_file(home, needs_file=needs_file),
        *_from_environment(environ, base),
        *_from_flags(flags or {}, base),
    ]
    wrong: list[str] = []
    values: dict[str, Any] = {}
    origins: dict[str, Origin] = {}
    for origin, key, given in layers:
        try:
            values[key] = _read(origin, key, given)
            origins[key] = origin
        except ValueError as error:
            wrong.append(str(error))
    if not wrong:
        wrong += _contradictions(values, origins)
    if wrong:
        raise SettingsError(
            wrong[0]
            if len(wrong) == 1
            else f"{len(wrong)} settings are wrong:\n  " + "\n  ".join(_first(wrong)),
            advice="every setting and its meaning: docs/settings.md; what is in force: policy-tracker doctor",
        )
    return _assemble(home, values, origins)


def _text(path: Path) -> str:
    if path.is_fifo():  # whoever reads it waits for a writer, for ever
        raise SettingsError(
            f"{path} can't be read: it is no file", advice="it has to be a UTF-8 file that you may read"
        )
    return path.read_text(encoding="utf-8")


def _from_file(home: Path, *, needs_file: bool) -> Iterator[tuple[Origin, str, Given]]:
    path = home / FILE_NAME
    try:
        text = _text(path)
    except FileNotFoundError:
        if not needs_file:
            return
        raise SetupError(
            f"no tracker in {home}: {FILE_NAME} is missing there",
            advice=f"policy-tracker init {home}, or name another folder with --home or {HOME_VARIABLE}",
        ) from None
    except NotADirectoryError:
        raise SetupError(
            f"{home} can be no tracker's folder: a part of that path is a file",
            advice=f"name another folder: --home DIR, {HOME_VARIABLE}, or policy-tracker init DIR",
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise SettingsError(
            f"{path} can't be read: {why}", advice="it has to be a UTF-8 file that you may read"
        ) from error
    try:
        document = tomllib.loads(text)
    except (
        ValueError,
        RecursionError,
    ) as error:  # a number of thousands of digits is a ValueError, not TOML's own
        raise SettingsError(
            f"{path} is no TOML: {error}", advice="compare it with docs/settings.md"
        ) from error
    origin = Origin("file", str(path))
    for key, value in document.items():
        if isinstance(value, dict) and key not in SECTIONS:
            near = [f"[{one}]" for one in SECTIONS if _alike(key, [one])]
            raise SettingsError(
                f"{path}: there is no section [{key[:_LONGEST]}]{_or(near)}",
                advice="every section: docs/settings.md",
            )
        if key in SECTIONS and isinstance(value, dict):
            for name, inner in value.items():
                yield origin, f"{key}.{name}", Given(inner, text=False, base=home)
        else:
            yield origin, key, Given(value, text=False, base=home)


def _from_environment(environ: Mapping[str, str], base: Path) -> Iterator[tuple[Origin, str, Given]]:
    for variable in sorted(environ):
        name = variable.removeprefix(PREFIX)
        if name != variable and not _NOT_SETTINGS.fullmatch(name):
            key = name.lower().replace("__", ".")
            yield (
                Origin("environment", variable[:_LONGEST]),
                key,
                Given(environ[variable], text=True, base=base),
            )


def _from_flags(flags: Mapping[str, str], base: Path) -> Iterator[tuple[Origin, str, Given]]:
    for key, value in flags.items():
        yield Origin("flag", f"--set {key[:_LONGEST]}"), key, Given(value, text=True, base=base)


def _read(origin: Origin, key: str, given: Given) -> Any:
    """The value of one key. Raises ValueError with the whole sentence."""
    declared = DECLARED.get(key)
    if declared is None:
        raise ValueError(f"{origin}: there is no setting {key[:_LONGEST]}{_or(_near(key))}")
    if declared.secret and origin.layer == "flag":
        raise ValueError(
            f"{origin}: a secret on a command line is seen by everybody on the machine; "
            f"wanted: {key}_file, or {PREFIX}{key.upper().replace('.', '__')}"
        )
    try:
        return declared.kind.read(given)
    except ValueError as error:
        shown = '"********"' if declared.secret else _shown(given.value)
        said = str(error) or f"wanted: {declared.kind.right}"
        raise ValueError(f"{origin}: {key} = {shown}: {said}") from error


def _first(wrong: list[str]) -> list[str]:
    more = [f"and {len(wrong) - _NAMED:,} more"] if len(wrong) > _NAMED else []
    return [*wrong[:_NAMED], *more]


def _shown(value: object) -> str:
    try:
        shown = toml(value)
    except TypeError:
        shown = str(value)
    return shown if len(shown) <= 120 else shown[:117] + "..."


def _near(key: str) -> list[str]:
    """Keys that may have been meant; what stands in the wrong section is found by its name alone."""
    leaves = {one.rpartition(".")[2]: one for one in DECLARED}
    near = _alike(key, DECLARED) + [leaves[one] for one in _alike(key.rpartition(".")[2], leaves)]
    return list(dict.fromkeys(near))[:2]


def _alike(word: str, words: Iterable[str]) -> list[str]:
    from difflib import get_close_matches  # for errors alone

    return get_close_matches(word, words, n=1, cutoff=0.75)


def _or(words: list[str]) -> str:
    return f"; did you mean {' or '.join(words)}?" if words else ""


def _contradictions(values: Mapping[str, Any], origins: Mapping[str, Origin]) -> Iterator[str]:
    """What no single value is wrong about, but the values together are."""

    def given(key: str) -> Any:
        return values.get(key, DECLARED[key].default)

    if given("mail.host") and not given("mail.sender"):
        yield f"{origins['mail.host']}: mail.host is set and mail.sender is not; wanted: the address that mails come from"
    for key in ("mail.password", "channels.webhook_secret", "web.admin_token"):
        if given(key) and given(f"{key}_file"):
            yield f"{origins[f'{key}_file']}: {key} and {key}_file are both set; wanted: one of them"
    if bool(given("alarm.channel")) != bool(given("alarm.address")):
        key = "alarm.channel" if given("alarm.channel") else "alarm.address"
        yield f"{origins[key]}: {key} is set alone; wanted: alarm.channel together with alarm.address, or neither"
    login = given("mail.password") or given("mail.password_file")
    if bool(given("mail.username")) != bool(login):
        key = (
            "mail.username"
            if given("mail.username")
            else "mail.password"
            if given("mail.password")
            else "mail.password_file"
        )
        yield f"{origins[key]}: {key} is set alone; wanted: mail.username together with a password, or neither"
    if (
        login
        and given("mail.security") == "none"
        and given("mail.host") not in ("localhost", "127.0.0.1", "::1")
    ):
        yield f"{origins['mail.security']}: mail.security = \"none\" would send the password in the clear; wanted: 'starttls' or 'tls'"
    templates = given("templates")
    if templates and not templates.is_dir():
        yield f"{origins['templates']}: templates = {toml(str(templates))}: there is no such folder"


def _assemble(home: Path, values: Mapping[str, Any], origins: Mapping[str, Origin]) -> Settings:
    settings = Settings(home=home, origins=dict(origins))
    for section in SECTIONS:
        inside = {
            key.partition(".")[2]: value for key, value in values.items() if key.startswith(section + ".")
        }
        settings = replace(settings, **{section: replace(getattr(settings, section), **inside)})
    settings = replace(settings, **{key: value for key, value in values.items() if "." not in key})
    at = settings.schedule.at  # a word or an interval counts from the hour and minute that were drawn
    look, report = (
        Schedule.parse(one.text, at) for one in (settings.schedule.look, settings.schedule.report)
    )
    return replace(settings, schedule=replace(settings.schedule, look=look, report=report))
