"""Which policies are attached in which account, as a file says: an account a line, its policies after it.

# account      what is attached there
123456789012   ReadOnlyAccess, SecurityAudit
production     arn:aws:iam::aws:policy/AdministratorAccess
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from tracker.errors import InputError
from tracker.model.identity import is_policy_name, split_partition


def read_accounts(path: Path) -> Mapping[str, Sequence[str]]:
    """Account -> names or ARNs, each sorted. Raises InputError naming the file, the line and what would be right."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise InputError(f"{path} can't be read: {reason}") from error
    found: dict[str, set[str]] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        account, *names = line.partition("#")[0].replace(",", " ").split() or [""]
        for name in names:
            if not _is_policy(name):
                raise InputError(
                    f"{path}:{number}: no policy's name and no ARN: {name!r}",
                    advice="wanted: an account, then its policies: 123456789012 ReadOnlyAccess SecurityAudit",
                )
        if account:
            found.setdefault(account.rstrip(":"), set()).update(names)
    return {account: tuple(sorted(names)) for account, names in sorted(found.items())}


def _is_policy(text: str) -> bool:
    try:
        return is_policy_name(split_partition(text, "aws")[1])
    except ValueError:
        return False
