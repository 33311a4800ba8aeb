"""Debian's Postfix as a server of our own: its own folder, a port on loopback, nothing of the machine's mail touched."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from tests.support.certificates import Certificate

PROGRAM = "/usr/sbin/postfix"
NOBODY = 65534

MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/spool
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
myhostname = mx.example.org
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
mydestination =
local_recipient_maps =
alias_maps =
virtual_mailbox_domains = example.org
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = texthash:{folder}/mailboxes
virtual_alias_maps = texthash:{folder}/aliases
virtual_uid_maps = static:{nobody}
virtual_gid_maps = static:{nobody}
smtpd_recipient_restrictions = check_recipient_access texthash:{folder}/access, permit_mynetworks, reject
smtpd_tls_security_level = may
smtpd_tls_cert_file = {certificate}
smtpd_tls_key_file = {key}
message_size_limit = {size}
default_transport = error:this server delivers nowhere else
notify_classes =
"""
MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
proxymap unix - - n - - proxymap
postlog unix-dgram n - n - 1 postlogd
"""


def why_not() -> str:
    """Why Postfix can't be run here, or nothing."""
    if not Path(PROGRAM).exists():
        return "Debian's postfix is not installed"
    return "" if os.geteuid() == 0 else "Postfix changes users: it can be started by root only"


class Postfix:
    """A server for example.org with these mailboxes, aliases, and answers to other recipients (`450 4.2.1 busy`)."""

    def __init__(
        self,
        certificate: Certificate,
        *,
        mailboxes: tuple[str, ...],
        aliases: Mapping[str, str],
        access: Mapping[str, str],
        size: int = 200_000,
    ) -> None:
        # Not in pytest's folder, which only its owner may enter: Postfix's processes are other users.
        self.folder = Path(tempfile.mkdtemp(prefix="postfix-", dir="/tmp"))
        self.folder.chmod(0o755)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        for name in ("etc", "spool", "data", "mail"):
            (self.folder / name).mkdir()
        shutil.chown(self.folder / "data", "postfix")
        os.chown(self.folder / "mail", NOBODY, NOBODY)
        tables = {
            "mailboxes": {f"{name}@example.org": f"{name}/" for name in mailboxes},
            "aliases": {f"{name}@example.org": f"{to}@example.org" for name, to in aliases.items()},
            "access": {f"{name}@example.org": answer for name, answer in access.items()},
        }
        for table, lines in tables.items():
            (self.folder / table).write_text("".join(f"{key} {value}\n" for key, value in lines.items()))
        main = MAIN.format(
            folder=self.folder,
            nobody=NOBODY,
            certificate=certificate.certificate,
            key=certificate.key,
            size=size,
        )
        (self.folder / "etc" / "main.cf").write_text(main)
        (self.folder / "etc" / "master.cf").write_text(MASTER.format(port=self.port))

    def __enter__(self) -> Self:
        self._say("start")
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=5) as peer:
                    if peer.recv(3) == b"220":
                        return self
            except OSError:
                time.sleep(0.05)
        said = self.log()
        self.__exit__()
        raise AssertionError(f"Postfix does not start: {said}")

    def __exit__(self, *_: object) -> None:
        self._say("stop")
        shutil.rmtree(self.folder)

    def _say(self, word: str) -> None:
        with (self.folder / "console").open("ab") as console:
            subprocess.run(
                [PROGRAM, "-c", str(self.folder / "etc"), word],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                timeout=60,
                check=False,  # what went wrong is in the log
            )

    def log(self) -> str:
        """What it said."""
        files = [self.folder / "console", self.folder / "log"]
        return "\n".join(file.read_text() for file in files if file.exists())

    def mails(self, mailbox: str, *, count: int, timeout_s: float = 20.0) -> list[bytes]:
        """The mails in a mailbox, in order of arrival, once there are `count`."""
        new = self.folder / "mail" / mailbox / "new"
        deadline = time.monotonic() + timeout_s
        while True:
            found = sorted(new.iterdir(), key=lambda file: file.stat().st_mtime_ns) if new.exists() else []
            if len(found) >= count or time.monotonic() > deadline:
                return [file.read_bytes() for file in found]
            time.sleep(0.05)
