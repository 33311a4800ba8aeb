"""The secrets among the settings: read only when they are used, and only from where nobody else can read them."""

import stat
from pathlib import Path

from tracker.errors import SettingsError
from tracker.settings.values import DECLARED, Settings

_TOKEN = 32  # characters: 128 bits, written in hexadecimal


def mail_password(settings: Settings) -> str:
    """The password, from the file, the environment or password_file; empty where there is no login.

    Raises SettingsError where a file that holds it is missing, empty, or readable by others.
    """
    return _secret(settings, "mail.password", "password")


def dkim_key(settings: Settings) -> bytes:
    """The key that signs mails; empty where none is set. Raises as `mail_password`."""
    path = settings.mail.dkim_key_file
    if path is None:
        return b""
    _owner_only(path, "mail.dkim_key_file", "key")
    try:
        return path.read_bytes()
    except OSError as error:
        raise SettingsError(f"mail.dkim_key_file {path} can't be read: {error.strerror}") from error


def webhook_secret(settings: Settings) -> str:
    """What webhooks are signed with, likewise; empty where none is set."""
    return _secret(settings, "channels.webhook_secret", "secret")


def alarm_secrets(settings: Settings) -> tuple[str, str]:
    """(the alarm's address, the address to ping): either may be a secret, so a file that holds them is its owner's."""
    return _secret(settings, "alarm.address", "secret"), _secret(settings, "alarm.ping_url", "secret")


def admin_token(settings: Settings) -> str:
    """What whoever acts as the operator over the web must know; empty where nobody can. SettingsError for one that can be guessed."""
    token = _secret(settings, "web.admin_token", "token")
    if token and (len(token) < _TOKEN or not token.isascii() or " " in token):
        key = "web.admin_token_file" if settings.web.admin_token_file else "web.admin_token"
        raise SettingsError(
            f"{key}: the token has {len(token)} characters, or others than letters, digits and signs",
            advice=f"wanted: {_TOKEN} characters at least that nobody can guess, as `openssl rand -hex 32` makes them",
        )
    return token


def _secret(settings: Settings, key: str, word: str) -> str:
    """The value of `key`, or what the file holds that `<key>_file` names."""
    path = settings.value(f"{key}_file") if f"{key}_file" in DECLARED else None
    if path is not None:
        _owner_only(path, f"{key}_file", word)
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"{key}_file {path} can't be read: {error}") from error
        secret: str = text.removesuffix("\n").removesuffix("\r")
        if not secret or any(ord(sign) < 32 for sign in secret):
            raise SettingsError(
                f"{key}_file {path} does not hold a {word}",
                advice=f"wanted: one line, the {word} and nothing else",
            )
        return secret
    value: str = settings.value(key)
    if value and settings.origin(key).layer == "file":
        _owner_only(settings.file, key, word)
    return value


def _owner_only(path: Path, key: str, word: str) -> None:
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise SettingsError(
            f"{key}: {path} can't be read: {error.strerror}", advice="wanted: a file that you may read"
        ) from error
    if mode & (stat.S_IROTH | stat.S_IWOTH):
        raise SettingsError(
            f"{key}: {path} holds a {word} and everybody may read it", advice=f"chmod 600 {path}"
        )
