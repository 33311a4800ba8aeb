"""Small edits of a module's source: a comparison turned, an operator exchanged, a constant moved, a condition undone."""

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
_OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr, ast.LShift: ast.RShift,
    ast.RShift: ast.LShift, ast.FloorDiv: ast.Mult, ast.Mod: ast.FloorDiv,
}  # fmt: skip
_CALLS = {"any": "all", "all": "any", "min": "max", "max": "min", "sorted": "list"}


@dataclass(frozen=True, slots=True)
class Edit:
    """One edit of one file."""

    file: str  # from tracker/: 'policy/parse.py'
    line: int
    what: str  # 'before -> after', each one line
    source: Callable[[], str]  # makes the whole file after it: of thousands a sample is asked


def edits(file: str, source: str) -> Iterator[Edit]:
    """Every edit of a file, in the order of its lines. Annotations, docstrings, and what raises or words an error are left alone."""
    tree = ast.parse(source)
    parents = {id(child): node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    for number, node in enumerate(ast.walk(tree)):
        if not isinstance(node, ast.expr | ast.If | ast.Return) or _is_left_alone(node, parents):
            continue
        for changed in _changed(node):
            before, after = (ast.unparse(one).splitlines()[0][:70] for one in (node, changed))
            yield Edit(file, node.lineno, f"{before} -> {after}", partial(_edited, source, number, changed))


def _edited(source: str, number: int, changed: ast.AST) -> str:
    """The file with another node in the place of the one that is walked over as the `number`th."""
    whole = ast.parse(source)
    _put(whole, next(node for at, node in enumerate(ast.walk(whole)) if at == number), changed)
    return ast.unparse(ast.fix_missing_locations(whole))


def _changed(node: ast.AST) -> Iterator[ast.AST]:
    new = copy.deepcopy(node)
    match new:
        case ast.Compare(ops=[op]) if type(op) in _COMPARISONS:
            new.ops = [_COMPARISONS[type(op)]()]
            yield new
        case ast.BoolOp():
            new.op = ast.And() if isinstance(new.op, ast.Or) else ast.Or()
            yield new
        case ast.BinOp(op=op) if type(op) in _OPERATORS:
            new.op = _OPERATORS[type(op)]()
            yield new
        case ast.UnaryOp(op=ast.Not()):
            yield new.operand
        case ast.Call(func=ast.Name(id=name)) if name in _CALLS:
            new.func = ast.Name(_CALLS[name], ast.Load())
            new.keywords = [] if name in ("min", "max") and not new.keywords else new.keywords
            yield new
        case ast.Constant(value=bool(value)):
            yield ast.Constant(not value)
        case ast.Constant(value=int(number)):
            yield ast.Constant(number + 1)
        case ast.IfExp():
            new.body, new.orelse = new.orelse, new.body
            yield new
        case ast.If():
            new.test = ast.UnaryOp(ast.Not(), new.test)
            yield new
        case _:
            return


def _is_left_alone(node: ast.AST, parents: dict[int, ast.AST]) -> bool:
    """Within an annotation, a decorator, an f-string, a raise, or the module's own level (tables of words and types)."""
    inside = False
    child: ast.AST = node
    while (parent := parents.get(id(child))) is not None:
        if isinstance(parent, ast.Raise | ast.JoinedStr | ast.AnnAssign | ast.arg) or (
            isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef)
            and child in (*parent.decorator_list, parent.returns)
        ):
            return True
        if isinstance(parent, ast.If) and ast.unparse(parent.test) == "TYPE_CHECKING":
            return True
        inside = inside or isinstance(parent, ast.FunctionDef | ast.Lambda)
        child = parent
    return not inside


def _put(tree: ast.AST, old: ast.AST, new: ast.AST) -> None:
    """`new` in the place of `old`."""
    ast.copy_location(new, old)
    for node in ast.walk(tree):
        for name, value in ast.iter_fields(node):
            if value is old:
                setattr(node, name, new)
                return
            if isinstance(value, list) and any(one is old for one in value):
                value[:] = [new if one is old else one for one in value]
                return
