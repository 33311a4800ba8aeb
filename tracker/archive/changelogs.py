"""The folder changelogs/: what every reader finds there, subscribers or not. Made anew from the archive at any time."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from tracker.model.identity import PolicyArn

_PERIOD = re.compile(r"\d{4}-\d{2}(-\d{2})?")


class Changelogs:
    """Writes rendered changelogs, each file whole or not at all."""

    def __init__(self, home: Path) -> None:
        self.folder = home / "changelogs"

    def of(self, arn: PolicyArn) -> Path:
        """The folder of one policy or role, by its handle; one of another partition than `aws` carries the partition in its name."""
        return self.folder / (arn.handle if arn.partition == "aws" else f"{arn.handle}.{arn.partition}")

    def stems(self, arn: PolicyArn) -> frozenset[str]:
        """The changelogs of one policy that were written, as names without suffix."""
        return frozenset(path.stem for path in self.of(arn).glob("*.html"))

    def periods(self, arn: PolicyArn) -> tuple[str, ...]:
        """The reports of one policy that were written, as paths from the folder without suffix, sorted."""
        found = sorted(path for path in self.of(arn).glob("*.html") if _PERIOD.fullmatch(path.stem))
        return tuple(f"{path.parent.name}/{path.stem}" for path in found)

    def of_all(self, partition: str) -> Path:
        """The folder of what is told of all policies of a partition at once."""
        return self.folder / f"all~{partition}"  # `~` is in no policy's name

    def write(self, folder: Path, stem: str, texts: Mapping[str, str]) -> tuple[Path, ...]:
        """Write `<folder>/<stem>.<suffix>` for each suffix and text; a file that says the same already is left alone."""
        folder.mkdir(parents=True, exist_ok=True)
        written = []
        for suffix, text in sorted(texts.items()):
            path = folder / f"{stem}.{suffix}"
            new = text.encode()
            if not path.is_file() or path.read_bytes() != new:
                temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
                temporary.write_bytes(new)
                temporary.replace(path)
            written.append(path)
        return tuple(written)
