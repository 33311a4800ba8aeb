"""Values in, finished text out: the one door through which everything else reaches the templates."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from tracker.changelog.index import IndexPolicy, index_policies
from tracker.changelog.period import PeriodPage, PeriodView, period_page, period_view
from tracker.changelog.record import change_record, dumps, period_record
from tracker.changelog.view import ChangeView, change_view, cumulative_opening
from tracker.model.catalogue import Catalogue
from tracker.model.change import Change, Period
from tracker.model.identity import PolicyArn
from tracker.model.message import Message
from tracker.model.recorded import ChangeRow

if TYPE_CHECKING:
    from jinja2 import Environment

    from tracker.changelog.baseline import Baseline
    from tracker.changelog.environments import Format


T = TypeVar("T")
_KEPT = 12  # texts that are kept: those of a change and of a part of it
_BLANK_LINES = re.compile(r"\n{3,}")  # an empty part of a template leaves its lines behind


class Renderer:
    """Renders changes and periods. Cheap to make: Jinja2 is imported when the first template is asked for.

    `template_folders` hold templates of the user's own; each overrides ours of the same name (docs/templates.md).
    """

    def __init__(self, catalogue: Catalogue, template_folders: Sequence[Path] = ()) -> None:
        self._catalogue = catalogue
        self._folders = tuple(template_folders)
        self._environments: dict[Format, Environment] = {}
        self._kept: tuple[tuple[Change, str, Any], ...] = ()  # what was made of a change of late

    def render(self, template: str, **values: object) -> str:
        """One template by its name; the suffix says how everything in it is escaped. Ends with one newline."""
        from tracker.changelog.environments import environment

        kind: Format = "html" if template.endswith(".html") else "md" if template.endswith(".md") else "txt"
        if kind not in self._environments:
            self._environments[kind] = environment(kind, self._folders)
        text = self._environments[kind].get_template(template).render(**values).rstrip() + "\n"
        return text if kind == "html" else _BLANK_LINES.sub("\n\n", text)

    def source(self, name: str) -> str:
        """A file beside the templates as it stands: a style sheet, or the user's own in its place."""
        from tracker.changelog.environments import environment

        if "html" not in self._environments:
            self._environments["html"] = environment("html", self._folders)
        loader = self._environments["html"].loader
        assert loader is not None  # noqa: S101 -- ours always has one
        return loader.get_source(self._environments["html"], name)[0]

    def fingerprint(self) -> str:
        """What the templates in force are: another word where any of them is another."""
        from hashlib import sha256

        from tracker.changelog.environments import shipped_templates

        told = sha256()
        for folder in (*self._folders, shipped_templates()):
            for path in sorted(folder.rglob("*")):
                if path.is_file():
                    told.update(f"{path.relative_to(folder)}\0".encode())
                    told.update(path.read_bytes())
        return told.hexdigest()

    def view(self, change: Change) -> ChangeView:
        """A change laid out for a template."""
        return self._once(change, "view", lambda: change_view(change, self._catalogue))

    def _once(self, change: Change, what: str, make: Callable[[], T]) -> T:
        """What is wanted of one change again and again (its files, a mail for each form) is made once, of this very object."""
        for kept, name, made in self._kept:
            if kept is change and name == what:
                return cast("T", made)
        made = make()
        self._kept = (*self._kept[1 - _KEPT :], (change, what, made))
        return made

    def period(self, period: Period) -> PeriodView:
        """A period laid out for a template."""
        return period_view(period, self._catalogue)

    # One change

    def markdown(self, change: Change) -> str:
        """A change as Markdown."""
        return self._once(change, "md", lambda: self.render("change.md", view=self.view(change)))

    def brief(self, change: Change) -> str:
        """The same without descriptions, where that is too long for a mail."""
        return self._once(change, "brief", lambda: self.render("brief.md", view=self.view(change)))

    def html(self, change: Change) -> str:
        """A change as one HTML file: no script, nothing fetched from elsewhere."""
        return self.render("change.html", view=self.view(change))

    def text(self, change: Change) -> str:
        """A change as plain text of 88 columns."""
        return self.render("change.txt", view=self.view(change))

    def json(self, change: Change) -> str:
        """A change as its JSON record."""
        return self._once(change, "json", lambda: dumps(change_record(change)))

    # A stretch of time, of one policy or of several

    def period_markdown(self, period: Period, *others: Period) -> str:
        """A period as Markdown; of several policies one after the other, with a list of answers first."""
        return self._period("period.md", (period, *others))

    def period_html(self, period: Period, *others: Period) -> str:
        """A period as one HTML file."""
        return self._period("period.html", (period, *others))

    def period_text(self, period: Period, *others: Period) -> str:
        """A period as plain text."""
        return self._period("period.txt", (period, *others))

    def period_json(self, period: Period, *others: Period) -> str:
        """A period as its JSON record."""
        return dumps(period_record(period, *others))

    def periods(self, periods: Sequence[Period]) -> PeriodPage:
        """The periods of several policies laid out for a template."""
        return period_page(periods, self._catalogue)

    def _period(self, template: str, periods: Sequence[Period]) -> str:
        return self.render(template, page=self.periods(periods))

    # Everything that ever happened to one policy

    def cumulative_markdown(self, policy: PolicyArn, changes: Iterable[Change]) -> str:
        """The CHANGELOG of a policy as Markdown, newest change first whatever the order they come in."""
        return self._cumulative("changelog.md", policy, changes)

    def cumulative_html(self, policy: PolicyArn, changes: Iterable[Change]) -> str:
        """The CHANGELOG of a policy as one HTML file."""
        return self._cumulative("changelog.html", policy, changes)

    def cumulative_text(self, policy: PolicyArn, changes: Iterable[Change]) -> str:
        """The CHANGELOG of a policy as plain text."""
        return self._cumulative("changelog.txt", policy, changes)

    def _cumulative(self, template: str, policy: PolicyArn, changes: Iterable[Change]) -> str:
        newest_first = sorted(changes, key=lambda one: (one.transition.observed_at, one.id), reverse=True)
        return self.render(
            template,
            policy=policy,
            opening=cumulative_opening(policy, newest_first),
            views=[self.view(change) for change in newest_first],
        )

    # The page that leads to all of them

    def index_html(
        self,
        rows: Iterable[ChangeRow],
        files: Mapping[str, str] | None = None,
        periods: Mapping[PolicyArn, Sequence[str]] | None = None,
    ) -> str:
        """The index of the changelogs, newest first in each policy.

        `files`: change id -> path of its changelog without suffix, relative to the page (as in 'X/v19-v20'); where one
        is not given, the name that publishing gives it. `periods`: policy -> paths of its period pages, likewise.
        """
        policies: Sequence[IndexPolicy] = index_policies(rows, files or {}, periods or {})
        return self.render("index.html", policies=policies)

    # Mails

    def message(
        self, change: Change, link: str | None = None, form: str = "full", note: str = "", mark: str = ""
    ) -> Message:
        """The mail about one change; `link`: the page of it, if there is one.

        `form`: 'full', 'summary' (nothing attached) or 'attached'. `note`: a sentence about this mail itself. `mark`:
        ends the message's id, where it is not the mail that everybody gets.
        """
        from tracker.changelog.mails import change_message

        return change_message(self, change, link, form, note, mark)

    def period_message(
        self, period: Period, link: str | None = None, form: str = "full", note: str = "", mark: str = ""
    ) -> Message:
        """The mail about one period of one policy; the other arguments as `message` has them."""
        from tracker.changelog.mails import period_message

        return period_message(self, period, link, form, note, mark)

    def digest_message(
        self,
        periods: Sequence[Period],
        link: str | None = None,
        form: str = "full",
        note: str = "",
        mark: str = "",
        elsewhere: Sequence[Period] = (),
    ) -> Message:
        """The mail about one period of several policies; of one it is `period_message`.

        `elsewhere`: policies that changed in nothing that the reader asks for. ValueError where there are neither.
        """
        from tracker.changelog.digest import digest_message

        return digest_message(self, periods, link, form, note, mark, elsewhere)

    def baseline_message(self, baselines: Sequence["Baseline"], link: str | None = None) -> Message:
        """The one mail that may follow a first look: what is watched from now on, and what is in force today."""
        from tracker.changelog.baseline_mail import baseline_message

        return baseline_message(self, baselines, link)
