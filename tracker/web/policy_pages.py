"""The pages of one policy: its timeline, its changes, its versions, its months."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tracker.changelog.actors import actor
from tracker.changelog.claims import claim
from tracker.changelog.findings import by_weight, finding_groups, shown
from tracker.changelog.inert import inert_lines
from tracker.changelog.places import folder, policy_page
from tracker.changelog.site import Frame
from tracker.changelog.timeline import filters_of, in_force_sentence, timeline_view
from tracker.changelog.version import (
    VersionView,
    allowed_services,
    role_standing,
    seen_words,
    statement_rows,
)
from tracker.model.identity import PolicyArn
from tracker.web.feeding import policy_feed
from tracker.web.months import month_of
from tracker.web.page import MissingPageError, Page, printed_page, text_page
from tracker.web.used_pages import used_by

if TYPE_CHECKING:
    from tracker.changelog.timeline import Filter
    from tracker.web.facts import Facts
    from tracker.web.shelf import Shelf

_FILTER = re.compile(r"(?:only-([a-z-]{1,20})|(\d{4}))\Z")
FOREVER_S = 86_400  # what can't change but by a new catalogue is asked for again after a day


def page(pages: "Shelf", arn: PolicyArn, name: str, query: Mapping[str, str]) -> Page:
    """The page of that name in the policy's folder. Raises MissingPageError."""
    stem, _, suffix = name.rpartition(".")
    path = f"{folder(arn)}/{name}"
    if name in ("", "index.html"):
        return timeline(pages, arn, "")
    if name in ("feed.atom", "feed.json"):
        return policy_feed(pages, arn, suffix)
    if suffix not in ("html", "md", "json"):
        raise MissingPageError(path)
    if suffix == "html" and (found := _FILTER.match(stem)):
        return timeline(pages, arn, found[1] or found[2])
    facts = pages.facts(arn)
    if stem in facts.stems or (suffix == "html" and stem.removesuffix(".print") in facts.stems):
        return pages.kept(path, pages.marks(arn), lambda: change(pages, facts, stem, suffix))
    if suffix == "html" and stem.removeprefix("since-") in facts.versions and stem.startswith("since-"):
        return pages.kept(path, pages.marks(arn), lambda: since(pages, facts, stem))
    if stem == "attention" and suffix == "html":
        return pages.kept(path, pages.marks(arn), lambda: attention(pages, facts))
    if stem in facts.versions and suffix != "md":
        return version(pages, facts, stem, suffix, query.get("q", "")[:200].strip())
    if (months := month_of(stem.removesuffix(".print"))) is not None and _months(facts, months):
        return pages.kept(
            path, pages.marks(arn, looks=True), lambda: month(pages, facts, stem, suffix, months)
        )
    raise MissingPageError(path)


def _months(facts: "Facts", months: tuple[datetime, datetime]) -> bool:
    """Whether a month is one that anything is known of: from the first observation to today."""
    first = facts.reading.observations[0].observed_at if facts.reading.observations else None
    return first is not None and months[1] > first and months[0] <= facts.tracker.clock()


def static_names(pages: "Shelf", arn: PolicyArn) -> list[str]:
    """Every page of a policy that becomes a file."""
    facts = pages.facts(arn)
    names = [one.file for one in filters_of(facts.entries, "")]
    names += ["attention.html", "feed.atom", "feed.json"]
    for stem in facts.stems:
        names += [f"{stem}.html", f"{stem}.print.html", f"{stem}.md", f"{stem}.json"]
    for stem in facts.versions:
        names += [f"{stem}.html", f"{stem}.json"]
    names += [f"since-{stem}.html" for stem in compared_stems(pages, facts)]
    for month_name in sorted({f"{one.observed_at:%Y-%m}" for one in facts.entries}):
        names += [f"{month_name}.{suffix}" for suffix in ("html", "print.html", "md", "json")]
    return names


def compared_stems(pages: "Shelf", facts: "Facts") -> list[str]:
    """The versions that have a page of what came since; of a site of files those of watched policies alone."""
    now = facts.today and (facts.today.version, facts.today.create_date)
    if now is None or (pages.static and facts.arn not in pages.watched):
        return []
    return [stem for stem, one in facts.versions.items() if one != now]


def frame(arn: PolicyArn, name: str, api: str = "") -> Frame:
    """The frame of a page of a policy, with its feeds."""
    place = policy_page(arn, "")
    return Frame(
        path=f"{place}{name}",
        section="Policies",
        feeds=((arn.name, f"{place}feed.atom", f"{place}feed.json"),),
        api=api,
    )


def timeline(pages: "Shelf", arn: PolicyArn, chosen: str) -> Page:
    """The policy's page; `chosen` narrows the timeline down to a year or a kind."""
    facts = pages.facts(arn)
    known = {one.file for one in _filters(facts)}
    name = f"{chosen}.html" if chosen.isdigit() else f"only-{chosen}.html" if chosen else "index.html"
    if name not in known:
        raise MissingPageError(name)
    used = used_by(pages, str(arn))

    def make() -> Page:
        view = timeline_view(
            arn,
            facts.entries,
            facts.points,
            facts.today,
            None if pages.static else facts.watch(planned=arn in pages.watched),
            facts.newest or pages.tracker.clock() if pages.static else pages.tracker.clock(),
            defaults=len({one.identity for one in facts.reading.observations if one.identity}),
            flagged=sum(1 for one in facts.attention if not one.accepted),
            chosen=chosen,
        )
        return pages.render(
            "policy.html",
            frame(arn, name),
            view=view,
            sentence=in_force_sentence(actor(arn), facts.today),
            shown_as=next((one.label for one in view.filters if one.current and chosen), ""),
            version_path=_version_path(facts),
            months=sorted({f"{one.observed_at:%Y-%m}" for one in facts.entries}, reverse=True),
            versions=list(reversed(facts.versions)),
            used=used,
        )

    return pages.kept(f"{folder(arn)}/{name}", (*pages.marks(arn, looks=True), used), make)


def _filters(facts: "Facts") -> "tuple[Filter, ...]":
    return filters_of(facts.entries, "")


def _version_path(facts: "Facts") -> str:
    if facts.today is None:
        return ""
    stem = facts.version_stem((facts.today.version, facts.today.create_date))
    return policy_page(facts.arn, f"{stem}.html")


def change(pages: "Shelf", facts: "Facts", stem: str, suffix: str) -> Page:
    """A change: as a page of the site, as one file for print, as Markdown, as JSON."""
    printed = stem.endswith(".print")
    stem = stem.removesuffix(".print")
    found = facts.change(stem)
    if found is None:
        raise MissingPageError(f"{folder(facts.arn)}/{stem}.{suffix}")
    seen, renderer = found.transition.observed_at, pages.tracker.renderer()
    if suffix == "json":
        return text_page(renderer.json(found), "json", seen, FOREVER_S)
    if suffix == "md":
        return text_page(renderer.markdown(found), "md", seen, FOREVER_S)
    if printed:
        return printed_page(renderer.html(found), seen, FOREVER_S)
    stems = list(facts.stems)
    at = stems.index(stem)
    ends = [end for end in (found.transition.before, found.transition.after) if end]
    signing, around = pages.acting and not pages.static, frame(facts.arn, f"{stem}.html")
    return pages.render(
        "change.html",
        replace(around, referrer="same-origin") if signing else around,
        view=renderer.view(found),
        downloads=(("Markdown", f"{stem}.md"), ("JSON", f"{stem}.json"), ("HTML for print", f"{stem}.print.html")),
        versions=[
            (f"{end.version}, as a document and by service", f"{facts.version_stem((end.version, end.create_date))}.html")
            for end in ends
        ],
        before=_step(stems, at - 1),
        after=_step(stems, at + 1),
        signing=signing,
        items=sorted({one.rule for one in shown(found.attention)}),
    )  # fmt: skip


def since(pages: "Shelf", facts: "Facts", stem: str) -> Page:
    """What is in force today against an older version: all that came since, as if it were one change."""
    identity = facts.versions[stem.removeprefix("since-")]
    if facts.today is None or identity == (facts.today.version, facts.today.create_date):
        raise MissingPageError(f"{folder(facts.arn)}/{stem}.html")
    now = (facts.today.version, facts.today.create_date)
    found = facts.reading.compared(identity, now, max(identity[1], now[1]))
    return pages.render(
        "since.html",
        frame(facts.arn, f"{stem}.html"),
        view=pages.tracker.renderer().view(found),
        older=stem.removeprefix("since-"),
        newer=facts.version_stem(now),
    )


def attention(pages: "Shelf", facts: "Facts") -> Page:
    """What of the policy's default deserves attention, since when, beside what AWS says of it."""
    found = by_weight(one for one in facts.attention if not one.accepted)
    return pages.render(
        "attention.html",
        frame(facts.arn, "attention.html", f"api/v1/policies/{folder(facts.arn)}/attention"),
        policy=facts.arn,
        actor=actor(facts.arn),
        version=facts.today.version if facts.today else None,
        rows=found,
        groups=finding_groups(found),
        accepted=len(facts.attention) - len(found),
        quoted=claim(facts.arn),
        policies=(),
    )


def version(pages: "Shelf", facts: "Facts", stem: str, suffix: str, asked: str) -> Page:
    """One version: its statements, what it allows by service, and its document."""
    from tracker.policy.granted import saying

    arn, identity = facts.arn, facts.versions[stem]

    def make() -> Page:
        snapshot, catalogue = facts.reading.fetch(identity), pages.tracker.catalogue()
        if suffix == "json":
            return text_page(snapshot.document, "json", identity[1], FOREVER_S)
        allowed, default = (
            facts.granted(identity),
            facts.today and (facts.today.version, facts.today.create_date),
        )
        flagged = (
            frozenset(action.lower() for one in facts.attention if not one.accepted for action in one.actions)
            if default == identity
            else frozenset()
        )
        parsed = facts.reading.document(identity)
        said = saying(parsed, catalogue) if len(parsed.statements) > 1 else {}
        view = VersionView(
            policy=arn,
            version=identity[0],
            create_date=identity[1],
            default=default == identity,
            seen=seen_words(
                [
                    (one.observed_at, one.basis)
                    for one in facts.reading.observations
                    if one.identity == identity
                ]
            ),
            sha256=snapshot.sha256,
            source=snapshot.source,
            catalogue=catalogue.version,
            statements=statement_rows(parsed),
            services=allowed_services(allowed, catalogue, flagged, asked, said),
            total=sum(map(len, allowed.values())),
            document=snapshot.document,
            asked=asked,
            role=role_standing(parsed),
        )
        whole = bool(view.services) and not any(
            one.cut for one in view.services
        )  # else a script finds no rest
        touching = [one for one in facts.stems if stem in one.partition("_")[0].split("-")]
        return pages.render(
            "version.html",
            replace(frame(arn, f"{stem}.html"), script=pages.static and whole),
            view=view,
            stem=stem,
            since=f"since-{stem}.html" if stem in compared_stems(pages, facts) else "",
            document=inert_lines(snapshot.document),
            changes=[(one.partition("_")[0].replace("-", " to "), f"{one}.html") for one in touching],
        )

    return pages.kept(f"{folder(arn)}/{stem}.{suffix}?{asked}", pages.marks(arn), make)


def month(pages: "Shelf", facts: "Facts", stem: str, suffix: str, ends: tuple[datetime, datetime]) -> Page:
    """A month of the policy: the net change, what came and went, and what happened in between."""
    found, renderer = facts.period(*ends), pages.tracker.renderer()
    if suffix == "json":
        return text_page(renderer.period_json(found), "json")
    if suffix == "md":
        return text_page(renderer.period_markdown(found), "md")
    if stem.endswith(".print"):
        return printed_page(renderer.period_html(found))
    inside = [one for one in facts.entries if ends[0] <= one.observed_at < ends[1]]
    earlier, later = _neighbours(pages, facts, ends)
    step = tuple(
        (f"{one:%Y-%m}", f"{one:%Y-%m}.html")
        if one and (known := month_of(f"{one:%Y-%m}")) and _months(facts, known)
        else None
        for one in (earlier, later)
    )
    return pages.render(
        "period.html",
        frame(facts.arn, f"{stem}.html"),
        view=renderer.period(found),
        entries=inside,
        downloads=(("Markdown", f"{stem}.md"), ("JSON", f"{stem}.json"), ("HTML for print", f"{stem}.print.html")),
        before=step[0],
        after=step[1],
    )  # fmt: skip


def _neighbours(
    pages: "Shelf", facts: "Facts", ends: tuple[datetime, datetime]
) -> tuple[datetime | None, datetime | None]:
    """The months before and after; of a site of files those in which anything changed, since only they are there."""
    if not pages.static:
        return ends[0] - timedelta(days=1), ends[1]
    moments = [one.observed_at for one in facts.entries]
    return (
        max((one for one in moments if one < ends[0]), default=None),
        min((one for one in moments if one >= ends[1]), default=None),
    )


def _step(stems: list[str], at: int) -> tuple[str, str] | None:
    """(label, file) of a neighbouring change."""
    if not 0 <= at < len(stems):
        return None
    label = stems[at].partition("_")[0].replace("-", " to ").replace("none to ", "")
    return label, f"{stems[at]}.html"
