"""The API: every answer fits its schema, goes on where it stopped, and says what is wrong as RFC 9457 has it."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import pytest
from fastapi.testclient import TestClient

from tests.web.worlds import web_world
from tracker.changelog.schema import record_schema
from tracker.collaborators import Tracker
from tracker.web.app import make_app

if TYPE_CHECKING:
    from collections.abc import Callable

S = "AWSSupportServiceRolePolicy"
ARN = f"arn:aws:iam::aws:policy/aws-service-role/{S}"
ASKED = [
    ("/policies", ""), ("/policies/{policy}", S), ("/policies/{policy}/versions", S),
    ("/policies/{policy}/versions/{version}", f"{S} v59"), ("/policies/{policy}/versions/{version}", f"{S} 2024-06-01"),
    ("/policies/{policy}/versions/{version}/document", f"{S} v39"), ("/policies/{policy}/transitions", S),
    ("/policies/{policy}/diff?from=v38&to=v39", S), ("/policies/{policy}/diff?from=2024-01-01&to=2026-01-01", S),
    ("/policies/{policy}/periods/{month}", f"{S} 2026-08"), ("/policies/{policy}/periods?since=2025-01-01&until=2026-01-01", S),
    ("/policies/{policy}/attention", S), ("/policies/{policy}", ARN), ("/policies/{policy}/versions/{version}", f"{ARN} v59"),
    ("/policies/{policy}/diff?from=v38&to=v39", ARN), ("/policies/{policy}/periods/{month}", f"{ARN} 2026-08"),
    ("/changes?policy=arn:aws:iam::aws:policy/ReadOnlyAccess", ""), ("/changes", ""), ("/changes?severity=alarm&limit=3", ""),
    ("/changes?since=2024-01-01&until=2025-01-01&policy=ReadOnlyAccess", ""), ("/search?action=s3:GetObject", ""),
    ("/search?action=kms:*&all=true&at=2024-06-01", ""), ("/actions/{action}", "s3:GetObject"), ("/services", ""),
    ("/services/{service}", "s3"), ("/stats", ""), ("/status", ""), ("/schema/record.json", ""),
]  # fmt: skip


@pytest.fixture(scope="module")
def described(client: TestClient) -> dict[str, Any]:
    """The OpenAPI description."""
    found: dict[str, Any] = client.get("/api/v1/openapi.json").json()
    return found


@pytest.mark.parametrize(("path", "values"), ASKED)
def test_an_answer_fits_its_schema(
    client: TestClient, described: dict[str, Any], path: str, values: str
) -> None:
    template, _, query = path.partition("?")
    asked = template
    for value in values.split():
        head, _, rest = asked.partition("{")
        asked = f"{head}{value}{rest.partition('}')[2]}"
    answer = client.get(f"/api/v1{asked}?{query}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["access-control-allow-origin"] == "*"
    schema = described["paths"][f"/api/v1{template}"]["get"]["responses"]["200"]["content"][
        "application/json"
    ]["schema"]
    whole = {"components": described["components"], **schema}
    jsonschema_rs.validator_for(whole).validate(answer.json())
    again = client.get(f"/api/v1{asked}?{query}", headers={"if-none-match": answer.headers["etag"]})
    assert again.status_code == 304


def test_every_change_and_period_fits_the_published_schema(client: TestClient) -> None:
    published = client.get("/api/v1/schema/record.json").json()
    assert published == record_schema()
    validator = jsonschema_rs.validator_for(published)
    rows = client.get("/api/v1/changes?limit=500").json()["items"]
    assert len(rows) == 54
    for row in rows[::6]:
        record = client.get(f"/api/v1/changes/{row['id']}").json()
        validator.validate(record)
        assert (record["id"], record["summary"]) == (row["id"], row["summary"])
    validator.validate(client.get(f"/api/v1/policies/{S}/periods/2026-08").json())


def test_a_list_goes_on_where_it_stopped(client: TestClient) -> None:
    keys: dict[str, Callable[[dict[str, Any]], str]] = {
        "changes": lambda row: str(row["id"]),
        "policies": lambda row: str(row["policy"]["arn"]),
    }
    for path, key in keys.items():
        whole = [key(row) for row in client.get(f"/api/v1/{path}?limit=500").json()["items"]]
        seen: list[str] = []
        token = ""
        while True:
            page = client.get(f"/api/v1/{path}?limit=2&cursor={token}").json()
            seen += [key(row) for row in page["items"]]
            if not (token := page["next"] or ""):
                break
        assert seen == whole
        assert len(set(seen)) == len(seen)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/changes?cursor=zzz", 400), ("/changes?cursor=WzFd", 400), ("/changes?limit=0", 400), ("/changes?since=never", 400),
        ("/changes/none", 404), ("/policies/Nothing", 404), (f"/policies/{S}/versions/v999", 404),
        (f"/policies/{S}/versions/then", 400), (f"/policies/{S}/diff?from=v1&to=v39", 404), (f"/policies/{S}/diff", 400),
        (f"/policies/{S}/periods/2026-13", 400), (f"/policies/{S}/periods?since=2026-01-01&until=2025-01-01", 400),
        ("/search?action=no", 400), ("/search", 400), ("/actions/s3:*", 400), ("/actions/zz:Nothing", 404),
        ("/services/zz", 404), ("/nothing", 404), ("/policies/a%20b", 400),
    ],
)  # fmt: skip
def test_a_wrong_question_is_a_problem(client: TestClient, path: str, status: int) -> None:
    answer = client.get(f"/api/v1{path}")
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert told["status"] == status
    assert told["title"]
    assert len(told["detail"]) > 5
    assert "Traceback" not in answer.text


def test_subscribers_are_nobodys_to_read(tmp_path: Path) -> None:
    world = web_world(tmp_path)
    world.subscribe("someone@example.org")
    with TestClient(make_app(world.tracker), base_url="http://localhost") as client:
        paths = client.get("/api/v1/openapi.json").json()["paths"]
        assert not [path for path in paths if "subscri" in path or "outbox" in path]
        for path in ("/api/v1/status", "/api/v1/stats", "/status.html", "/"):
            assert "someone" not in client.get(path).text


def test_it_is_asked_by_scripts_of_other_sites_and_by_head_before_anybody_got_it(shipped: Tracker) -> None:
    """A tag sent along makes a browser ask first; nothing but reading is said to be possible."""
    with TestClient(make_app(shipped), base_url="http://localhost") as new:
        asking = {"origin": "https://example.com", "access-control-request-method": "GET"}
        told = new.options("/api/v1/changes", headers=asking)
        assert (told.status_code, told.headers["access-control-allow-origin"]) == (204, "*")
        assert told.headers["access-control-allow-methods"] == "GET, HEAD"
        assert "if-none-match" in told.headers["access-control-allow-headers"].lower()
        assert new.options("/api/v1/changes").status_code == 405
        assert (
            "access-control-allow-methods" not in new.options("/api/v1/admin/check", headers=asking).headers
        )
        for path in ("status", "openapi.json"):
            head = new.head(f"/api/v1/{path}")
            assert (head.status_code, head.content) == (200, b"")
            tag = {"if-none-match": head.headers["etag"]}
            assert new.get("/api/v1/openapi.json", headers=tag).status_code == (
                304 if path != "status" else 200
            )


def test_it_is_described_with_openapi_3_1(described: dict[str, Any]) -> None:
    assert described["openapi"].startswith("3.1")
    assert set(described["components"]["schemas"]) >= {"Change", "Period", "Problem"}
    for path, operations in described["paths"].items():
        assert set(operations) == {"get"}, path
        assert operations["get"]["summary"]
