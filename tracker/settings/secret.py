"""The password of the mail server: read only when it is used, and only from where nobody else can read it."""

import stat
from pathlib import Path

from tracker.errors import SettingsError
from tracker.settings.values import Settings


def mail_password(settings: Settings) -> str:
    """The password, from the file, the environment or password_file; empty where there is no login.

    Raises SettingsError where a file that holds it is missing, empty, or readable by others.
    """
    mail = settings.mail
    if mail.password_file is not None:
        _owner_only(mail.password_file, "mail.password_file")
        try:
            text = mail.password_file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"mail.password_file {mail.password_file} can't be read: {error}") from error
        password = text.removesuffix("\n").removesuffix("\r")
        if not password or any(ord(sign) < 32 for sign in password):
            raise SettingsError(
                f"mail.password_file {mail.password_file} does not hold a password",
                advice="wanted: one line, the password and nothing else",
            )
        return password
    if mail.password and settings.origin("mail.password").layer == "file":
        _owner_only(settings.file, "mail.password")
    return mail.password


def _owner_only(path: Path, key: str) -> None:
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise SettingsError(
            f"{key}: {path} can't be read: {error.strerror}", advice="wanted: a file that you may read"
        ) from error
    if mode & (stat.S_IROTH | stat.S_IWOTH):
        raise SettingsError(
            f"{key}: {path} holds a password and everybody may read it", advice=f"chmod 600 {path}"
        )
