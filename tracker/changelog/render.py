"""Values in, finished text out: the one door through which everything else reaches the templates."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tracker.changelog.record import change_record, dumps, period_record
from tracker.changelog.view import change_view
from tracker.model.catalogue import Catalogue
from tracker.model.change import Change, Period

if TYPE_CHECKING:
    from jinja2 import Environment

    from tracker.changelog.environments import Format


class Renderer:
    """Renders changes and periods. Cheap to make: Jinja2 is imported when the first template is asked for."""

    def __init__(self, catalogue: Catalogue, template_folders: Sequence[Path] = ()) -> None:
        self._catalogue = catalogue
        self._folders = tuple(template_folders)
        self._environments: dict[str, Environment] = {}

    def _render(self, template: str, **values: object) -> str:
        from tracker.changelog.environments import environment

        kind: Format = "html" if template.endswith(".html") else "md" if template.endswith(".md") else "txt"
        if kind not in self._environments:
            self._environments[kind] = environment(kind, self._folders)
        return self._environments[kind].get_template(template).render(**values)

    def markdown(self, change: Change) -> str:
        """A change as Markdown."""
        return self._render("change.md", view=change_view(change, self._catalogue))

    def text(self, change: Change) -> str:
        """A change as plain text, for a terminal or the text part of a mail."""
        return self._render("change.txt", view=change_view(change, self._catalogue))

    def json(self, change: Change) -> str:
        """A change as its JSON record."""
        return dumps(change_record(change))

    def period_json(self, period: Period) -> str:
        """A period as its JSON record."""
        return dumps(period_record(period))
