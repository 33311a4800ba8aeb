"""JSON as the archive writes it: keys sorted, two-space indent. Pure, and made for long lists of texts.

The same text as `json.dumps(value, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False)`, which the standard
library writes item by item in Python as soon as it indents; here a list of texts is one join. A test holds the two equal.
"""

import json
from collections.abc import Sequence
from json.encoder import encode_basestring as quoted


def canonical_json(value: object, margin: str = "") -> str:
    """The text of JSON values, without a newline at its end; every line but the first is indented by `margin`.

    Raises ValueError for NaN and infinity, TypeError for what is no JSON or a key that is no text, RecursionError.
    """
    if isinstance(value, str):
        return quoted(value)
    inner = margin + "  "
    line = ",\n" + inner
    if isinstance(value, dict):
        if not value:
            return "{}"
        items = line.join([f"{_key(key)}: {canonical_json(value[key], inner)}" for key in sorted(value)])
        return f"{{\n{inner}{items}\n{margin}}}"
    if isinstance(value, list | tuple):
        if not value:
            return "[]"
        return f"[\n{inner}{_items(value, line, inner)}\n{margin}]"
    return json.dumps(value, allow_nan=False)


def _items(values: Sequence[object], line: str, margin: str) -> str:
    try:
        text = "".join(values)  # type: ignore[arg-type] # what is no text answers with TypeError
    except TypeError:
        return line.join([canonical_json(one, margin) for one in values])
    if text.isprintable() and '"' not in text and "\\" not in text:  # nothing needs an escape
        between = f'"{line}"'
        return f'"{between.join(values)}"'  # type: ignore[arg-type] # all are texts: the join above went through
    return line.join(map(quoted, values))  # type: ignore[arg-type] # all are texts: the join above went through


def _key(key: object) -> str:
    if not isinstance(key, str):
        raise TypeError(f"a key that is no text: {key!r:.80}")
    return quoted(key)
