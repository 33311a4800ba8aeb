"""The JSON API, version 1: reading only, never a subscriber. Routes alone: what they answer is made in data.py."""

import json
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import FastAPI, Path, Query, Request, Response

from tracker.changelog.schema import SCHEMAS, list_of, record_schema, ref
from tracker.errors import InputError
from tracker.model.instants import parse_instant
from tracker.web.data import Data, static_json
from tracker.web.months import month_of
from tracker.web.page import text_page
from tracker.web.pages import Pages
from tracker.web.sending import send

NAME = r"^(arn:aws[a-z-]{0,20}:iam::(aws|[0-9]{12}):(policy|role)/)?[A-Za-z0-9_+=,.@/~-]{1,512}$"  # a name, or a whole ARN
Name = Annotated[
    str,
    Path(max_length=800, pattern=NAME, description="A policy's name, or its ARN.",
         examples=["AWSSupportServiceRolePolicy"]),
]  # fmt: skip
Version = Annotated[
    str,
    Path(max_length=64, pattern=r"^[\w.:+-]+$", description="A version (v39), or a date at which it was the default.", examples=["v39"]),
]  # fmt: skip
Limit = Annotated[int, Query(ge=1, le=500, description="How many rows.")]
Cursor = Annotated[str, Query(max_length=600, description="`next` of the page before.")]
When = Annotated[str, Query(max_length=40, description="A date, or an instant, in UTC.")]
V1 = "/api/v1"


def _answers(schema: dict[str, Any], example: object = None) -> dict[int | str, dict[str, Any]]:
    content: dict[str, Any] = {"schema": schema}
    if example is not None:
        content["example"] = example
    problem = {"content": {"application/problem+json": {"schema": ref("Problem")}}}
    return {
        200: {"description": "Found", "content": {"application/json": content}},
        304: {"description": "Not modified: the ETag sent in If-None-Match is still right"},
        400: {"description": "A parameter is out of bounds", **problem},
        404: {"description": "Not on record", **problem},
        503: {"description": "The tracker can't be read just now", **problem},
    }


def add_api(app: FastAPI, pages: Pages) -> None:
    """All routes under /api/v1."""
    data = Data(pages)
    for add in (
        _add_policies,
        _add_versions,
        _add_changes,
        _add_periods,
        _add_policy,
        _add_search,
        _add_service,
    ):
        add(app, data)
    whole = app.openapi

    def described() -> dict[str, Any]:
        """The description with our own schemas in it."""
        made = whole()
        made.setdefault("components", {}).setdefault("schemas", {}).update(SCHEMAS)
        for path in made["paths"].values():
            for operation in path.values():
                operation["responses"].pop("422", None)  # we say 400, and in our own words
        return made

    app.openapi = described  # type: ignore[method-assign] # FastAPI's own way to extend it

    @app.get(f"{V1}/openapi.json", include_in_schema=False)
    def description(request: Request) -> Response:
        return send(request, text_page(json.dumps(app.openapi()), "json"))


def _add_policies(app: FastAPI, data: Data) -> None:
    @app.get(
        f"{V1}/policies",
        responses=_answers(list_of("PolicyRow")),
        tags=["policies"],
        summary="Policies, by name",
    )
    def policies(request: Request, limit: Limit = 100, cursor: Cursor = "") -> Response:
        return send(request, data.policies(limit, cursor))

    @app.get(
        f"{V1}/policies/{{policy:path}}/attention",
        responses=_answers(list_of("InForce")),
        tags=["policies"],
        summary="What deserves attention of what is in force",
    )
    def attention(request: Request, policy: Name) -> Response:
        return send(request, data.attention(policy))


def _add_versions(app: FastAPI, data: Data) -> None:
    @app.get(
        f"{V1}/policies/{{policy:path}}/versions",
        responses=_answers(list_of("VersionRow")),
        tags=["versions"],
        summary="Every archived version, oldest first",
    )
    def versions(request: Request, policy: Name) -> Response:
        return send(request, data.versions(policy))

    @app.get(
        f"{V1}/policies/{{policy:path}}/versions/{{version}}",
        responses=_answers(ref("Version")),
        tags=["versions"],
        summary="What a version allows, by service",
    )
    def version(request: Request, policy: Name, version: Version) -> Response:
        return send(request, data.version(policy, version))

    @app.get(
        f"{V1}/policies/{{policy:path}}/versions/{{version}}/document",
        responses=_answers(ref("Document")),
        tags=["versions"],
        summary="The document itself, canonical",
    )
    def document(request: Request, policy: Name, version: Version) -> Response:
        return send(request, data.document(policy, version))


def _add_changes(app: FastAPI, data: Data) -> None:
    @app.get(
        f"{V1}/policies/{{policy:path}}/transitions",
        responses=_answers(list_of("Transition")),
        tags=["changes"],
        summary="Every move of the default, newest first",
    )
    def transitions(request: Request, policy: Name) -> Response:
        return send(request, data.transitions(policy))

    @app.get(
        f"{V1}/policies/{{policy:path}}/diff",
        responses=_answers(ref("Change")),
        tags=["changes"],
        summary="Any two versions or dates compared",
    )
    def diff(
        request: Request,
        policy: Name,
        before: Annotated[str, Query(alias="from", max_length=64)],
        after: Annotated[str, Query(alias="to", max_length=64)],
    ) -> Response:
        return send(request, data.diff(policy, before, after))

    @app.get(
        f"{V1}/changes",
        responses=_answers(list_of("ChangeRow")),
        tags=["changes"],
        summary="Changes, newest first",
    )
    def changes(
        request: Request,
        limit: Limit = 100,
        cursor: Cursor = "",
        policy: Annotated[str, Query(max_length=800)] = "",
        since: When = "",
        until: When = "",
        severity: Annotated[str, Query(pattern="^(alarm|attention|info|none|)$")] = "",
    ) -> Response:
        return send(request, data.changes(limit, cursor, policy, since, until, severity))

    @app.get(
        f"{V1}/changes/{{change}}",
        responses=_answers(ref("Change")),
        tags=["changes"],
        summary="One change, whole",
    )
    def change(request: Request, change: Annotated[str, Path(max_length=100)]) -> Response:
        return send(request, data.change(change))


def _add_periods(app: FastAPI, data: Data) -> None:
    @app.get(
        f"{V1}/policies/{{policy:path}}/periods/{{month}}",
        responses=_answers(ref("Period")),
        tags=["changes"],
        summary="What a month did: net, and what came and went",
    )
    def month(
        request: Request,
        policy: Name,
        month: Annotated[str, Path(pattern=r"^\d{4}-\d{2}$", examples=["2021-12"])],
    ) -> Response:
        found = month_of(month)
        if found is None:
            raise InputError(f"not a month: {month!r}", advice="wanted: 2021-12")
        return send(request, data.period(policy, *found))

    @app.get(
        f"{V1}/policies/{{policy:path}}/periods",
        responses=_answers(ref("Period")),
        tags=["changes"],
        summary="What any stretch of time did",
    )
    def period(request: Request, policy: Name, since: When, until: When) -> Response:
        return send(request, data.period(policy, _instant(since), _instant(until)))


def _add_policy(app: FastAPI, data: Data) -> None:
    """The last of the routes about policies: what none of the others takes is a name."""

    @app.get(
        f"{V1}/policies/{{policy:path}}",
        responses=_answers(ref("PolicyNow")),
        tags=["policies"],
        summary="What is in force",
    )
    def policy(request: Request, policy: Name) -> Response:
        return send(request, data.policy(policy))


def _add_search(app: FastAPI, data: Data) -> None:
    @app.get(
        f"{V1}/search",
        responses=_answers(list_of("Holder")),
        tags=["search"],
        summary="Who may, since when, until when",
    )
    def search(
        request: Request,
        action: Annotated[
            str, Query(max_length=200, description="An action or a pattern.", examples=["s3:GetObject"])
        ],
        at: When = "",
        policy: Annotated[str, Query(max_length=800)] = "",
        every: Annotated[bool, Query(alias="all", description="All of the pattern, not any of it.")] = False,
    ) -> Response:
        return send(request, data.search(action, at, policy, every))

    @app.get(
        f"{V1}/actions/{{action}}",
        responses=_answers(ref("CatalogueAction")),
        tags=["search"],
        summary="One action, and who may",
    )
    def action(
        request: Request,
        action: Annotated[str, Path(max_length=200, pattern=r"^[^/]+$", examples=["s3:GetObject"])],
    ) -> Response:
        return send(request, data.action(action))

    @app.get(
        f"{V1}/services",
        responses=_answers(list_of("Service")),
        tags=["search"],
        summary="Every service of AWS's list",
    )
    def services(request: Request) -> Response:
        return send(request, data.services())

    @app.get(
        f"{V1}/services/{{service}}",
        responses=_answers(ref("ServiceWhole")),
        tags=["search"],
        summary="One service: its actions, and who may",
    )
    def service(request: Request, service: Annotated[str, Path(max_length=80, examples=["s3"])]) -> Response:
        return send(request, data.service(service))


def _add_service(app: FastAPI, data: Data) -> None:
    @app.get(f"{V1}/stats", responses=_answers(ref("Stats")), tags=["service"], summary="How much there is")
    def stats(request: Request) -> Response:
        return send(request, data.stats())

    @app.get(
        f"{V1}/status", responses=_answers(ref("Status")), tags=["service"], summary="How the tracker is"
    )
    def status(request: Request) -> Response:
        return send(request, data.status())

    @app.get(
        f"{V1}/schema/record.json",
        responses=_answers({"type": "object"}),
        tags=["service"],
        summary="The JSON Schema of a change and of a period",
    )
    def schema(request: Request) -> Response:
        return send(request, static_json(record_schema()))


def _instant(text: str) -> datetime:
    try:
        moment = parse_instant(text)
    except (ValueError, OverflowError) as error:
        raise InputError(f"not a date: {text[:60]!r}", advice="wanted: 2021-12-21") from error
    if moment.year < 1971 or moment.year > 9000:
        raise InputError(f"not a date that anything is known of: {text[:60]!r}")
    return moment + timedelta()
