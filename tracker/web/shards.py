"""The index of a search without a server: one small file a service, and one that says which there are."""

import json
from typing import TYPE_CHECKING

from tracker.changelog.held import actions_place, held_alike
from tracker.changelog.places import folder, service_page
from tracker.changelog.site import Frame
from tracker.policy.questions import concerns, question, spans
from tracker.web.page import Page, text_page
from tracker.web.searching import said_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tracker.model.asked import How, Question, Said
    from tracker.web.shelf import Shelf

    Pattern = tuple[How, str]
Row = tuple[str, str, str]  # policy, since, until; '': it does today


def shard(pages: "Shelf", service: str) -> tuple[Page, Page]:
    """`search/s3.json`: action -> [policy, since, until] of whoever allows it or did; and the same as a page, `actions/s3/index.html`."""
    rows = _who(pages, service, _names(pages, service))
    read = pages.render(
        "actions.html",
        Frame(actions_place(service), "Search"),
        name=pages.tracker.catalogue().service_name(service),
        service=service,
        path=service_page(service),
        groups=held_alike(rows),
    )
    return _page({"service": service, "actions": rows}), read


def index(pages: "Shelf") -> Page:
    """`search/index.json`: the services, with how many actions each has."""
    catalogue = pages.tracker.catalogue()
    rows = [
        [one, catalogue.service_name(one), sum(1 for _ in catalogue.actions(one))]
        for one in catalogue.services()
    ]
    return _page({"services": rows})


def _names(pages: "Shelf", service: str) -> list[str]:
    catalogue = pages.tracker.catalogue()
    return [info.name for one in catalogue.actions(service) if (info := catalogue.action(service, one))]


def _who(pages: "Shelf", service: str, names: list[str]) -> list[tuple[str, list[Row]]]:
    """Each action with its holders. Every grant of the service is read once, and every pattern held against each action once."""
    found = [_Held(folder(arn), each) for arn, each in said_of(pages, service)]
    patterns = {one for held in found for one in held.patterns}
    alike: dict[
        frozenset[Pattern], list[list[Row]]
    ] = {}  # of what no policy names, and the same patterns reach
    rows: list[tuple[str, list[Row]]] = []
    for name in names:
        asked = question(f"{service}:{name}")
        reaching = frozenset(one for one in patterns if concerns(asked, *one))
        if reaching not in alike:
            alike[reaching] = [held.rows(asked, (), reaching) for held in found]
        told = (
            held.rows(asked, named, reaching) if (named := held.named.get(asked.pattern)) else each
            for held, each in zip(found, alike[reaching], strict=True)
        )
        rows.append((name, [row for each in told for row in each]))
    return rows


class _Held:
    """What one policy ever said of a service, in order: by name, and by patterns that may reach any action of it."""

    def __init__(self, policy: str, said: "Sequence[Said]") -> None:
        self._policy, self._said = policy, said
        self.named: dict[str, list[int]] = {}
        self._wild: list[tuple[int, Pattern]] = []
        for place, one in enumerate(said):
            if one.how == "name":
                self.named.setdefault(one.pattern, []).append(place)
            else:
                self._wild.append((place, (one.how, one.pattern)))
        self.patterns = {one for _, one in self._wild}
        self._known: dict[tuple[int, ...], list[Row]] = {}

    def rows(self, asked: "Question", named: "Sequence[int]", reaching: frozenset["Pattern"]) -> "list[Row]":
        """A row of each stretch in which an action was allowed, which is the same of every action that the same is said of."""
        about = tuple(sorted([*named, *(place for place, one in self._wild if one in reaching)]))
        if about not in self._known:
            self._known[about] = self._stretches(asked, about)
        return self._known[about]

    def _stretches(self, asked: "Question", about: tuple[int, ...]) -> "list[Row]":
        if not about:
            return []
        return [
            (self._policy, str(one.since.at.date()), str(one.until.at.date()) if one.until else "")
            for one in spans(asked, [self._said[place] for place in about], every=False)
        ]


def _page(value: object) -> Page:
    return text_page(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n", "json")
