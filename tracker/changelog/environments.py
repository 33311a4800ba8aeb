"""The three ways in which text becomes output: HTML, Markdown, plain text. All strict, all escaping by default.

A template is looked up in the user's own folders first, so that one of them overrides a single template of ours.
"""

import re
import textwrap
from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tracker.changelog import markdown
from tracker.changelog.inert import inert
from tracker.changelog.wording import between, count, day, noun_for, number, short, some, stretch, was
from tracker.errors import SettingsError
from tracker.model.instants import duration, iso, words

if TYPE_CHECKING:
    from jinja2 import Environment
    from jinja2.compiler import CodeGenerator
    from markupsafe import Markup

_LONG_NAME = 26  # characters that fit beside a description at any width
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_KEPT = 8_192  # pieces of pages that are the same on many of them
_DATE = re.compile(r"\d{4}-\d\d-\d\d(?: \d\d:\d\d(?::\d\d)?(?: UTC)?)?")
_WIDTH = 88  # columns: what a terminal, a mail and a pull request all show without wrapping


def wrap(text: str, indent: int = 0, first: str | None = None) -> str:
    """Words wrapped at 88 columns, each line after `indent` spaces but the first, which begins with `first`."""
    return textwrap.fill(
        inert(str(text)),
        _WIDTH,
        initial_indent=" " * indent if first is None else first,
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


Format = Literal["html", "md", "txt"]


def shipped_templates() -> Path:
    """The folder of the shipped templates: inside an installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "_templates"
    return installed if installed.is_dir() else package.parent / "templates"


def _done(text: str) -> "Markup":
    """Text that is escaped for its format already, and says so."""
    from markupsafe import Markup

    return Markup(text)  # noqa: S704 -- the callers escape; nothing else makes Markup in the text formats


def environment(kind: Format, folders: Sequence[Path] = ()) -> "Environment":
    """A Jinja2 environment for one format; `folders` come before the shipped ones.

    Everything that a template prints is escaped for the format unless it is markup already, whatever the template's
    author forgot. An undefined name is an error. Raises SettingsError for a folder that does not exist.
    """
    for folder in folders:
        if not folder.is_dir():
            raise SettingsError(
                f"the folder of templates {folder} does not exist",
                advice="Set `templates` to a folder that holds templates of your own, or leave it out.",
            )
    return _made(kind, tuple(folders)) if folders else _shipped(kind)


@cache
def _shipped(kind: Format) -> "Environment":
    """What ships does not change while a process runs: each template is compiled once in it."""
    return _made(kind, ())


def _made(kind: Format, folders: tuple[Path, ...]) -> "Environment":
    from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined

    from tracker.changelog.compiled import CompiledTemplates

    made = Environment(
        loader=ChoiceLoader([FileSystemLoader(folder) for folder in (*folders, shipped_templates())]),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_printed(kind),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
        bytecode_cache=None if folders else CompiledTemplates(kind, Path(__file__)),
    )
    made.code_generator_class = _once_escaped()
    made.filters |= {
        "n": number, "count": count, "noun": noun_for, "was": was, "moment": words, "day": day, "iso": iso, "duration": duration,
        "between": lambda pair: between(*pair), "stretch": lambda pair: stretch(*pair), "some": some, "short": short,
    }  # fmt: skip
    made.filters |= _FORMATS[kind]()
    made.globals["once"] = lru_cache(_KEPT)(lambda macro, *values: macro(*values))
    return made


def _printed(kind: Format) -> Callable[[object], str]:
    """How a value is printed: escaped for the format, unless it is markup already. Most of what a page prints needs no escape."""
    from markupsafe import Markup

    escaped, plain = _ESCAPES[kind], _PLAIN.fullmatch

    def printed(value: object) -> str:
        if type(value) is Markup:
            return value
        text = value if type(value) is str else str(value)
        return text if kind == "html" and plain(text) else escaped(text)

    return printed


@cache
def _once_escaped() -> "type[CodeGenerator]":
    """Templates whose every value goes through `finalize` alone: that escapes it, and Jinja2's own call would look at it again."""
    from jinja2.compiler import CodeGenerator

    class OnceEscaped(CodeGenerator):
        def _output_child_pre(self, *_: object) -> None:
            self.write("environment.finalize(")

        def _output_child_post(self, *_: object) -> None:
            self.write(")")

    return OnceEscaped


def _html(text: str) -> str:
    from markupsafe import escape

    return escape(inert(text))


_PLAIN = re.compile(r"[ !#-%(-;=?-~]*")  # printable, and none of `"&'<>`
_ESCAPES: dict[Format, Callable[[str], str]] = {
    "html": _html,
    "md": lru_cache(_KEPT)(markdown.prose),
    "txt": inert,
}


def _html_filters() -> dict[str, Callable[..., "Markup"]]:
    from markupsafe import Markup, escape

    @lru_cache(_KEPT)
    def code(text: str) -> Markup:
        return _done(f"<code>{escape(inert(text))}</code>")

    def link(url: str, text: str = "") -> Markup:
        if not markdown.is_link(url):
            return escape(inert(text or url))
        return Markup('<a href="{}">{}</a>').format(url, inert(text or url))

    def source(text: str) -> Markup:
        words_, url = markdown.source_parts(text)
        return link(url, words_)

    @lru_cache(_KEPT)
    def hump(action: str) -> Markup:
        """A long name that may break before a capital, and nowhere else worth looking at."""
        text = str(escape(inert(action)))
        return _done(text if len(text) < _LONG_NAME else _HUMP.sub("<wbr>", text))

    def dates(text: str) -> Markup:
        """A sentence whose instants are not broken at their hyphens."""
        return _done(_DATE.sub(r'<span class="date">\g<0></span>', str(escape(inert(text)))))

    return {"code": code, "link": link, "source": source, "hump": hump, "dates": dates}


def _markdown_filters() -> dict[str, Callable[..., "Markup"]]:
    return {
        "code": lru_cache(_KEPT)(lambda text: _done(markdown.code(text))),
        "link": lambda url, text="": _done(markdown.link(url, text)),
        "source": lambda text: _done(markdown.link(*reversed(markdown.source_parts(text)))),
    }


def _text_filters() -> dict[str, Callable[..., "Markup"]]:
    return {
        "code": lambda text: _done(inert(text)),
        "link": lambda url, text="": _done(inert(f"{text}: {url}" if text else url)),
        "wrap": lambda text, indent=0, first=None: _done(wrap(text, indent, first)),
    }


_FORMATS: dict[Format, Callable[[], dict[str, Callable[..., "Markup"]]]] = {
    "html": _html_filters,
    "md": _markdown_filters,
    "txt": _text_filters,
}
