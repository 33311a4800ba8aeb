"""The API asked whatever its own description allows, and some of what it doesn't: no 5xx, no answer outside its schema."""

from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

# A question may fit the description and still be about nothing (a cursor that is none of ours): 400 and 404 are right.
CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance,
]  # fmt: skip
EXAMPLES = 20  # for each operation


def _operations(address: str) -> list[Any]:
    schema = schemathesis.openapi.from_url(f"{address}api/v1/openapi.json")
    found: list[Any] = list(schema.get_all_operations())
    return [result.ok() for result in found]


def test_no_answer_is_a_fault_or_outside_its_schema(address: str) -> None:
    operations = _operations(address)
    assert len(operations) >= 18
    for operation in operations:
        _ask(operation, address)


def _ask(operation: Any, address: str) -> None:
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def ask(case: Any) -> None:
        answer = case.call(base_url=address.rstrip("/"))
        assert answer.status_code < 500, (answer.status_code, case.as_curl_command())
        case.validate_response(answer, checks=CHECKS)

    ask()
