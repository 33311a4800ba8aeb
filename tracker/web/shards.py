"""The index of a search without a server: one small file a service, and one that says which there are."""

import json
from functools import cache
from typing import TYPE_CHECKING

from tracker.policy.questions import question
from tracker.web.page import Page, text_page

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tracker.model.asked import How, Question, Said
    from tracker.web.shelf import Shelf


def shard(pages: "Shelf", service: str) -> Page:
    """`search/s3.json`: action -> [policy, since, until] of whoever allows it or did."""
    return _page({"service": service, "actions": _who(pages, service, _names(pages, service))})


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


def _who(pages: "Shelf", service: str, names: list[str]) -> list[list[object]]:
    """Each action with its holders. Every grant of the service is read once, and held against each action."""
    from tracker.archive.asked import said
    from tracker.policy.questions import concerns

    if not pages.tracker.database.exists:
        return [[name, []] for name in names]
    with pages.tracker.database.reading() as db:
        found = [_Held(arn.name, each) for arn, each in said(db, question(f"{service}:*"))]
    rows: list[list[object]] = []
    for name in names:
        asked = question(f"{service}:{name}")
        reaching = cache(lambda how, pattern, asked=asked: concerns(asked, how, pattern))
        rows.append([name, [row for held in found for row in held.rows(asked, reaching)]])
    return rows


class _Held:
    """What one policy ever said of a service, in order: by name, and by patterns that may reach any action of it."""

    def __init__(self, policy: str, said: "Sequence[Said]") -> None:
        self._policy, self._said = policy, said
        self._named: dict[str, list[int]] = {}
        self._wild: list[int] = []
        for place, one in enumerate(said):
            if one.how == "name":
                self._named.setdefault(one.pattern, []).append(place)
            else:
                self._wild.append(place)
        self._allows_alone = all(one.effect == "Allow" for one in said)
        self._known: dict[tuple[int, ...], list[list[str]]] = {}

    def rows(self, asked: "Question", reaching: "Callable[[How, str], bool]") -> list[list[str]]:
        """[policy, since, until] of each stretch in which an action was allowed."""
        said = self._said
        wild = [place for place in self._wild if reaching(said[place].how, said[place].pattern)]
        about = tuple(sorted([*self._named.get(asked.pattern, ()), *wild]))
        if not about:
            return []
        if not self._allows_alone:
            return self._stretches(asked, about)
        if about not in self._known:  # without a deny it is the same of every action that the same is said of
            self._known[about] = self._stretches(asked, about)
        return self._known[about]

    def _stretches(self, asked: "Question", about: tuple[int, ...]) -> list[list[str]]:
        from tracker.policy.questions import spans

        return [
            [self._policy, str(one.since.at.date()), str(one.until.at.date()) if one.until else ""]
            for one in spans(asked, [self._said[place] for place in about], every=False)
        ]


def _page(value: object) -> Page:
    return text_page(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n", "json")
