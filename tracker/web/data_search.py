"""The answers of the API about actions and services: who may, since when, until when. And what all answers share."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from tracker.archive.layout import policy_key
from tracker.changelog.asking import facts_of
from tracker.changelog.record import Record, dumps
from tracker.changelog.rows import holder_record, list_record
from tracker.errors import InputError, UnknownPolicyError
from tracker.model.identity import PolicyArn
from tracker.model.instants import parse_instant
from tracker.policy.questions import question
from tracker.web.page import Page, text_page
from tracker.web.searching import holders

if TYPE_CHECKING:
    from tracker.model.catalogue import Catalogue
    from tracker.web.shelf import Shelf


class Answers:
    """What every answer needs: the pages, and their cache."""

    def __init__(self, pages: "Shelf") -> None:
        self._pages = pages
        self._tracker = pages.tracker

    def _arn(self, name: str) -> PolicyArn:
        return self._tracker.archive.resolve(name, self._tracker.partition)

    def _instant(self, text: str) -> datetime | None:
        try:
            return parse_instant(text) if text else None
        except (ValueError, OverflowError) as error:
            raise InputError(f"not a date: {text!r}", advice="wanted: 2021-12-21") from error

    def _made(
        self,
        name: str,
        marks: tuple[object, ...],
        make: Callable[[], Record],
        modified: datetime | None = None,
    ) -> Page:
        return self._pages.kept(f"api:{name}", marks, lambda: text_page(dumps(make()), "json", modified))


class Searches(Answers):
    """Who may do what."""

    def search(self, text: str, at: str = "", name: str = "", every: bool = False) -> Page:
        """Who may do what, since when: every holder of an action or pattern, those of the past too."""
        asked, moment = question(text), self._instant(at)
        only = [policy_key(self._arn(name))] if name else None

        def make() -> Record:
            found = holders(self._pages, asked, every=every, policies=only)
            if moment is not None:
                found = [one for one in found if one.span_at(moment)]
            return list_record([holder_record(one, moment) for one in found])

        return self._made(
            f"search?{asked}&{moment}&{only}&{every}", (self._pages.browsing.change_mark(),), make
        )

    def action(self, text: str) -> Page:
        """One action: what AWS's list says of it, and who may."""
        asked = question(text)
        if not asked.single:
            raise InputError(f"that is a pattern: {text!r}", advice="/api/v1/search takes patterns")

        def make() -> Record:
            facts = facts_of(text, self._tracker.catalogue())
            found = holders(self._pages, asked)
            if not facts.known and not found:
                raise UnknownPolicyError(
                    f"neither AWS's list of actions nor any policy on record knows {text!r}"
                )
            return {
                "action": facts.action,
                "service": facts.service,
                "service_name": facts.service_name,
                "access_level": facts.level,
                "description": facts.description,
                "known": facts.known,
                "holders": [holder_record(one, None) for one in found],
            }

        return self._made(f"action/{asked.pattern}", (self._pages.browsing.change_mark(),), make)

    def services(self) -> Page:
        """Every service of AWS's list, by prefix."""

        def make() -> Record:
            catalogue = self._tracker.catalogue()
            return list_record([_service_record(one, catalogue) for one in catalogue.services()])

        return self._made("services", (), make)

    def service(self, name: str) -> Page:
        """One service, and every policy that allows anything of it."""
        catalogue = self._tracker.catalogue()
        if name not in set(catalogue.services()):
            raise UnknownPolicyError(
                f"AWS's list of actions has no service {name[:80]!r}", advice="/api/v1/services lists them"
            )

        def make() -> Record:
            actions = [info for one in catalogue.actions(name) if (info := catalogue.action(name, one))]
            return _service_record(name, catalogue) | {
                "items": [
                    {
                        "action": f"{name}:{one.name}",
                        "access_level": one.access_level,
                        "description": one.description,
                    }
                    for one in actions
                ],
                "holders": [holder_record(one, None) for one in holders(self._pages, question(f"{name}:*"))],
            }

        return self._made(f"service/{name}", (self._pages.browsing.change_mark(),), make)


def _service_record(service: str, catalogue: "Catalogue") -> Record:
    return {
        "service": service,
        "name": catalogue.service_name(service),
        "actions": sum(1 for _ in catalogue.actions(service)),
    }
