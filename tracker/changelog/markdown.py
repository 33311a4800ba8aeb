r"""The one place that escapes for Markdown: whatever it is given, GitHub and CommonMark show the same text, inert.

`prose` is for words inside a line, `code` for names of the document (actions, resources, conditions). Both are meant
for a position inside a line or at its start; neither lets a new line begin.
Sources: https://spec.commonmark.org/0.31.2/#backslash-escapes, https://github.github.com/gfm/#autolinks-extension-
"""

import re

from tracker.changelog.inert import inert

_INLINE = re.compile(
    r"[\\`*\[\]<|~$]|&(?=[#\w])|(?<![^\W_])_|_(?![^\W_])|(?<=[a-zA-Z]):(?=//)|(?<=www)\.", re.IGNORECASE
)
_LEADING = re.compile(r"\A(?:([-+=#>])|(\d{1,9})([.)]))")


def prose(text: str) -> str:
    """The text as words of a paragraph: nothing in it is markup, a link, an entity, a mention or a list."""
    text = _INLINE.sub(r"\\\g<0>", inert(text))
    text = _LEADING.sub(lambda found: f"\\{found[1]}" if found[1] else f"{found[2]}\\{found[3]}", text)
    return text.replace("@", "@<!-- -->")  # neither an address nor a mention; nothing a reader sees


def code(text: str) -> str:
    """The text as a code span whose fence is longer than any run of backticks in it."""
    text = inert(text)
    if not text.strip():
        return ""
    runs = [len(run) for run in re.findall(r"`+", text)]
    fence = "`" * next(length for length in range(1, len(text) + 2) if length not in runs)
    pad = " " if "`" in (text[0], text[-1]) or (text[0] == text[-1] == " ") else ""
    return f"{fence}{pad}{text}{pad}{fence}"


_URL = re.compile(r"https://[A-Za-z0-9.-]+(?::\d+)?(?:[/?#][A-Za-z0-9:/._~@,=+%?&#!$'()*;-]*)?\Z")


def is_link(text: str) -> bool:
    """True for an https address without anything odd in it: the only kind that is made a link."""
    return bool(_URL.match(text))


def link(url: str, words: str = "") -> str:
    """`<https://...>` or `[words](<https://...>)`; plain prose for anything that is no https address."""
    if not is_link(url):
        return prose(words or url)
    return f"[{prose(words)}](<{url}>)" if words else f"<{url}>"


_SOURCE = re.compile(r"(.+) \((https://[^()\s]+)\)\Z", re.DOTALL)


def source_parts(text: str) -> tuple[str, str]:
    """(words, address) of a source that ends with its address in brackets; a bare address has no words."""
    if found := _SOURCE.match(text):
        return found[1], found[2]
    return ("", text) if is_link(text) else (text, "")
