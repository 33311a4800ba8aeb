"""Shipped templates, compiled once a machine: kept where Python keeps its own compiled files, under the same rules.

To parse and compile the templates of a page, a mail or a site takes most of a second in every new process. They are kept
beside the compiled modules of this package, which whoever may write there can replace anyway; templates of a user's own
are compiled anew in each process. Where Python writes none (PYTHONDONTWRITEBYTECODE, a folder that is read-only), none
is written.
"""

import marshal
import sys
from contextlib import suppress
from hashlib import sha256
from importlib.util import cache_from_source
from pathlib import Path
from types import CodeType

import jinja2
from jinja2.bccache import Bucket, BytecodeCache


class CompiledTemplates(BytecodeCache):
    """What Jinja2 made of the templates of one format. A file that is not of this very template and code counts for nothing."""

    def __init__(self, kind: str, made_by: Path) -> None:
        self._kind = kind
        self._made_by = made_by  # the module that says how templates are compiled

    def load_bytecode(self, bucket: Bucket) -> None:
        """Take the code of a template from its file, if it was made of the same."""
        with suppress(OSError, EOFError, ValueError, TypeError):
            content = self._file(bucket).read_bytes()
            if content[:64] != self._mark(bucket, content[64:]):
                return
            code = marshal.loads(content[64:])  # noqa: S302 -- beside our own .pyc, read as Python reads those
            bucket.code = code if isinstance(code, CodeType) else None

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep the code of a template. Cut off, or written by two at once, it is known by its digest for what it is."""
        if sys.dont_write_bytecode or bucket.code is None:
            return
        file, code = self._file(bucket), marshal.dumps(bucket.code)
        with suppress(OSError):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(self._mark(bucket, code) + code)

    def _file(self, bucket: Bucket) -> Path:
        module = Path(cache_from_source(__file__))
        return module.with_name(f"{self._kind}-{bucket.key}.{sys.implementation.cache_tag}.template")

    def _mark(self, bucket: Bucket, code: bytes) -> bytes:
        """What a template is compiled from (its text, Python, Jinja2, and what we ask of it), and the digest of what it became."""
        at = self._made_by.stat()
        told = (bucket.checksum, sys.version, jinja2.__version__, at.st_size, at.st_mtime_ns)
        return sha256(repr(told).encode()).digest() + sha256(code).digest()
