"""The index of a search without a server: one small file a service, and one that says which there are."""

import json
from typing import TYPE_CHECKING

from tracker.policy.questions import question
from tracker.web.page import Page, text_page

if TYPE_CHECKING:
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
