"""A policy document, checked, as typed values; and its canonical text and digest.

What is refused is never compared and never stored: an empty answer must not read as 'everything revoked'.
Grammar: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from itertools import repeat
from operator import contains, itemgetter
from typing import cast

from tracker.model.change import ConditionEntry, Effect, Scope
from tracker.policy.canonical import canonical_json
from tracker.policy.document import NEW_VERSION, OLD_VERSION, Document, Statement, placed
from tracker.policy.json_text import read_json, refuse

_DOCUMENT_KEYS = frozenset({"Version", "Id", "Statement"})
_STATEMENT_KEYS = frozenset(
    {
        "Sid",
        "Effect",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Principal",
        "NotPrincipal",
        "Condition",
    }
)
_LISTS = ("Action", "NotAction", "Resource", "NotResource")
# What no string of an IAM document may hold.
_CONTROL = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
_PRINTABLE = bytes(range(0x20, 0x7F))
# The last documents of which the canonical text was asked: whoever keeps a version reads it again in a moment.
_RECENT: dict[str, Document] = {}
_REMEMBERED = 256
_REMEMBERED_TEXT = 2_000_000  # characters of them all; the largest documents have 280,000 each
MAX_STRING = 8192  # characters of one action, resource or value; an ARN has 2,048 at most
TRUST = "AssumeRolePolicyDocument"  # a role's document has it, and no policy's
EVERYBODY = (("AWS", ("*",)),)  # Principal "*" and {"AWS": "*"} say the same


def parse_document(raw: str | Mapping[str, object], *, what: str) -> Document:
    """A checked Document from JSON text, URL-encoded JSON text or an object.

    `what` names it in errors: 'AWSSupportServiceRolePolicy v57'. Raises DocumentError.
    """
    if isinstance(raw, str) and (known := _RECENT.get(raw)) is not None:
        return known
    return _checked(read_json(raw, what), what)


def _checked(value: dict[str, object], what: str, before: "Before | None" = None) -> Document:
    """A policy's document, or a role's, which holds several."""
    if TRUST not in value:
        return _Reader(what, before).document(value)
    from tracker.policy.roles import read_role  # few documents are a role's

    return read_role(value, _policy, what)


def _policy(value: dict[str, object], what: str) -> Document:
    return _Reader(what).document(value)


def canonical_text(raw: str | Mapping[str, object], *, what: str) -> str:
    """The one text of a document: keys sorted, indented by two, one newline at its end. Raises DocumentError."""
    document, text = read_document(read_json(raw, what), what=what)
    while held := list(_RECENT):  # other threads take from it, too
        if len(held) < _REMEMBERED and sum(map(len, held)) + len(text) <= _REMEMBERED_TEXT:
            break
        _RECENT.pop(held[0], None)
    _RECENT[text] = document
    return text


def read_document(
    value: dict[str, object], *, what: str, before: "Before | None" = None
) -> tuple[Document, str]:
    """A checked Document and its canonical text, from plain values as `json.loads` makes them. Raises DocumentError.

    `before`: another version of it, as plain values and as it was read; a statement that both have in one place is one.
    """
    document = _checked(value, what, before)
    try:
        text = canonical_json(value) + "\n"
        text.encode("utf-8")
    except (ValueError, RecursionError) as error:  # a lone surrogate in a key, NaN in an object
        refuse(what, f"cannot be written as JSON: {error}")
    return document, text


def digest(canonical: str) -> str:
    """The sha256 of a canonical text's UTF-8, in hexadecimal."""
    return hashlib.sha256(canonical.encode("utf-8")).hexdigest()


Before = tuple[dict[str, object], Document]


class _Reader:
    """Reads one document; holds what it is called, so that every refusal names it."""

    def __init__(self, what: str, before: Before | None = None) -> None:
        self.what = what
        self._before = before

    def document(self, value: dict[str, object]) -> Document:
        self._known_keys(value, _DOCUMENT_KEYS, "")
        version = value.get("Version", OLD_VERSION)
        if version not in (OLD_VERSION, NEW_VERSION):
            refuse(self.what, f"neither {NEW_VERSION} nor {OLD_VERSION}: {version!r:.80}", "Version")
        if "Statement" not in value:
            refuse(self.what, "no Statement")
        listed = value["Statement"]
        single = isinstance(listed, dict)
        statements = [listed] if single else listed
        if not isinstance(statements, list) or not statements:
            refuse(self.what, "no statement in it", "Statement")
        literal = version == OLD_VERSION
        known = self._known(literal)
        return Document(
            statements=tuple(
                known[index][1]
                if index < len(known) and _same(known[index][0], one)
                else self._statement(one, index, f"Statement[{index}]", literal)
                for index, one in enumerate(statements)
            ),
            version=str(version),
            id=self._text(value.get("Id", ""), "Id"),
            single=single,
        )

    def _known(self, literal: bool) -> list[tuple[object, Statement]]:
        """The statements of the version before, as plain values and as they were read; none where they are read otherwise."""
        if self._before is None:
            return []
        raw, document = self._before
        listed = raw.get("Statement")
        if (document.version == OLD_VERSION) != literal or not isinstance(listed, list):
            return []
        return list(zip(listed, document.statements, strict=True))

    def _statement(self, value: object, index: int, place: str, literal: bool) -> Statement:
        if not isinstance(value, dict):
            refuse(self.what, "a statement that is no object", place)
        self._known_keys(value, _STATEMENT_KEYS, place)
        effect: Effect
        if value.get("Effect") == "Allow":
            effect = "Allow"
        elif value.get("Effect") == "Deny":
            effect = "Deny"
        else:
            refuse(self.what, f"neither Allow nor Deny: {value.get('Effect')!r:.80}", f"{place}.Effect")
        key = self._one_of(value, "Action", "NotAction", place)
        if key is None:
            refuse(self.what, "neither Action nor NotAction", place)
        actions = self._actions(value[key], f"{place}.{key}")
        scope = self._scope(value, place)
        return Statement(
            effect=effect,
            actions=actions if key == "Action" else None,
            not_actions=actions if key == "NotAction" else None,
            scope=scope,
            sid=self._text(value.get("Sid", ""), f"{place}.Sid"),
            index=index,
            literal_variables=placed(scope, literal).literal_variables,
            single=frozenset(name for name in _LISTS if isinstance(value.get(name), str)),
        )

    def _actions(self, value: object, place: str) -> tuple[str, ...]:
        if isinstance(value, list) and _plainly_actions(value):
            return tuple(value)
        actions = self._strings(value, place)
        for action in actions:
            service, colon, name = action.partition(":")
            if not (service and name) and action != "*":
                problem = "no service or no name" if colon else "an action without a colon"
                refuse(self.what, f"{problem}: {action!r:.120}", place)
        return actions

    def _scope(self, value: dict[str, object], place: str) -> Scope:
        resource = self._one_of(value, "Resource", "NotResource", place)
        by = self._one_of(value, "Principal", "NotPrincipal", place)
        if resource is None and by is None:
            refuse(self.what, "neither Resource nor NotResource", place)
        listed = ("*",) if resource is None else _set(self._strings(value[resource], f"{place}.{resource}"))
        return Scope(
            resources=None if resource == "NotResource" else listed,
            not_resources=listed if resource == "NotResource" else None,
            principal=None if by is None else self._principal(value[by], f"{place}.{by}"),
            not_principal=by == "NotPrincipal",
            condition=self._condition(value.get("Condition", {}), f"{place}.Condition"),
        )

    def _principal(self, value: object, place: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
        if value == "*":
            return EVERYBODY
        if not isinstance(value, dict) or not value:
            refuse(self.what, "neither '*' nor an object that names somebody", place)
        return tuple(
            (self._text(kind, place), _set(self._strings(who, f"{place}.{kind:.40}")))
            for kind, who in sorted(value.items())
        )

    def _condition(self, value: object, place: str) -> tuple[ConditionEntry, ...]:
        if not isinstance(value, dict):
            refuse(self.what, "a Condition that is no object", place)
        entries: dict[tuple[str, str], ConditionEntry] = {}
        for operator, block in value.items():
            inside = f"{place}.{operator:.60}"
            if not isinstance(block, dict):
                refuse(self.what, "an operator without an object of keys", inside)
            for key, given in block.items():
                identity = (operator.lower(), key.lower())
                if identity in entries:
                    refuse(self.what, f"the key {key!r:.80} twice: nobody knows which one holds", inside)
                values = self._values(given, f"{inside}.{key:.60}")
                entries[identity] = ConditionEntry(
                    self._text(operator, place), self._text(key, inside), values
                )
        return tuple(sorted(entries.values()))

    def _values(self, value: object, place: str) -> tuple[str, ...]:
        texts = []
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, bool):
                texts.append("true" if one else "false")
            elif isinstance(one, str | int | float):
                texts.append(self._text(str(one), place))
                if len(texts[-1]) > MAX_STRING:
                    refuse(self.what, f"a value of more than {MAX_STRING:,} characters", place)
            else:
                refuse(self.what, "a value that is neither text, number, true nor false", place)
        return _set(texts)

    def _strings(self, value: object, place: str) -> tuple[str, ...]:
        listed = [value] if isinstance(value, str) else value
        if not isinstance(listed, list) or not listed:
            refuse(self.what, "neither a string nor a list with a string in it", place)
        if set(map(type, listed)) != {str}:
            odd = next(one for one in listed if type(one) is not str)
            refuse(self.what, f"an item that is no string: {odd!r:.80}", place)
        if max(map(len, listed)) > MAX_STRING:
            refuse(self.what, f"a string of more than {MAX_STRING:,} characters", place)
        self._text("".join(listed), place)
        return tuple(listed)

    def _text(self, value: object, place: str) -> str:
        if not isinstance(value, str):
            refuse(self.what, f"no string: {value!r:.80}", place)
        if not (value.isascii() and value.isprintable()) and _CONTROL.search(value):
            refuse(self.what, "a control character or half a surrogate pair", place)
        return value

    def _one_of(self, value: dict[str, object], one: str, other: str, place: str) -> str | None:
        if one in value and other in value:
            refuse(self.what, f"both {one} and {other}", place)
        return one if one in value else other if other in value else None

    def _known_keys(self, value: dict[str, object], known: frozenset[str], place: str) -> None:
        for key in value:
            if key not in known:
                refuse(self.what, f"an element that IAM's grammar does not have: {key!r:.80}", place)


def _same(one: object, other: object) -> bool:
    """True for two statements that are read alike. Of a condition's values 1 is not true, which Python takes for equal."""
    return (
        one == other
        and isinstance(one, dict)
        and isinstance(other, dict)
        and repr(one.get("Condition")) == repr(other.get("Condition"))
    )


def _plainly_actions(listed: list[object]) -> bool:
    """True for actions as they are mostly written, thousands in a list: the quick way round a closer look at each."""
    actions = cast("list[str]", listed)
    try:
        text = "".join(actions)
    except TypeError:  # something in it is no string
        return False
    return (
        text.isascii()
        and not text.encode("ascii").translate(None, _PRINTABLE)  # faster than isprintable
        and all(map(contains, actions, repeat(":")))
        and ":" not in set(map(itemgetter(0), actions))
        and ":" not in set(map(itemgetter(-1), actions))
        and max(map(len, actions), default=0) <= MAX_STRING
        and bool(actions)
    )


def _set(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(values)))
