"""The index of a search without a server: one small file a service, and one that says which there are."""

import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from tracker.policy.questions import question
from tracker.web.page import Page, text_page

if TYPE_CHECKING:
    from tracker.web.shelf import Shelf


def shards(pages: "Shelf", services: Iterable[str]) -> Iterator[tuple[str, Page]]:
    """`search/s3.json`: action -> [policy, since, until] of whoever allows it or did; `search/index.json`: the services."""
    catalogue = pages.tracker.catalogue()
    rows = []
    for service in services:
        names = [info.name for one in catalogue.actions(service) if (info := catalogue.action(service, one))]
        rows.append([service, catalogue.service_name(service), len(names)])
        yield f"search/{service}.json", _page({"service": service, "actions": _who(pages, service, names)})
    yield "search/index.json", _page({"services": rows})


def _who(pages: "Shelf", service: str, names: list[str]) -> list[list[object]]:
    """Each action with its holders. Every grant of the service is read once, and held against each action."""
    from tracker.archive.asked import said
    from tracker.policy.questions import concerns, spans

    if not pages.tracker.database.exists:
        return [[name, []] for name in names]
    with pages.tracker.database.reading() as db:
        found = list(said(db, question(f"{service}:*")))
    rows: list[list[object]] = []
    for name in names:
        asked = question(f"{service}:{name}")
        who: list[list[str]] = []
        for arn, each in found:
            about = [one for one in each if concerns(asked, one.how, one.pattern)]
            for span in spans(asked, about, every=False) if about else ():
                until = span.until.at.date().isoformat() if span.until else ""
                who.append([arn.name, span.since.at.date().isoformat(), until])
        rows.append([name, who])
    return rows


def _page(value: object) -> Page:
    return text_page(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n", "json")
