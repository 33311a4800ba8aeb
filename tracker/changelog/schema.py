"""The JSON Schema (2020-12) of what we print as data: the record of schema 1 and the lists around it."""

from typing import Any

Schema = dict[str, Any]

BASE = "https://json-schema.org/draft/2020-12/schema"
TEXT: Schema = {"type": "string"}
COUNT: Schema = {"type": "integer", "minimum": 0}
INSTANT: Schema = {"type": "string", "format": "date-time", "examples": ["2026-08-19T17:37:19Z"]}
VERSION: Schema = {"type": "string", "pattern": r"^v[1-9][0-9]*(\.[A-Za-z0-9-]*)?$", "examples": ["v59"]}
ARN: Schema = {"type": "string", "examples": ["arn:aws:iam::aws:policy/ReadOnlyAccess"]}
SEVERITY: Schema = {"enum": ["alarm", "attention", "info", "none"]}
KIND: Schema = {
    "enum": [
        "removed", "reappeared", "created", "recreated", "rolled-back", "republished", "updated", "catalogue-growth",
        "compared",
    ]
}  # fmt: skip


def ref(name: str) -> Schema:
    """A schema of this file by its name, as OpenAPI finds it."""
    return {"$ref": f"#/components/schemas/{name}"}


def many(of: Schema) -> Schema:
    """A list."""
    return {"type": "array", "items": of}


def maybe(of: Schema) -> Schema:
    """That, or null."""
    return {"anyOf": [of, {"type": "null"}]}


def thing(fields: Schema, *, optional: tuple[str, ...] = (), more: bool = True) -> Schema:
    """An object with these fields. Records grow by additions only, so further ones are no fault unless `more` is False."""
    made: Schema = {
        "type": "object",
        "properties": fields,
        "required": [name for name in fields if name not in optional],
    }
    return made if more else made | {"additionalProperties": False}


def _moved() -> Schema:
    return thing(
        {
            "action": TEXT, "service": TEXT, "access_level": TEXT, "before": many(ref("Scope")),
            "after": many(ref("Scope")), "proved": {"type": "boolean"},
        }
    )  # fmt: skip


def _deny(*, moved: bool) -> Schema:
    if moved:
        return thing({"pattern": TEXT, "before": many(ref("Scope")), "after": many(ref("Scope"))})
    return thing({"pattern": TEXT, "scopes": many(ref("Scope"))})


_SERVICE = thing({"service": TEXT, "name": TEXT, "actions": many(TEXT)})
_SUMMARY = {
    "type": "object",
    "additionalProperties": COUNT,
    "examples": [{"actions_added": 117, "attention": 3}],
}
_LISTS: Schema = {
    **{name: many(_SERVICE) for name in ("services_added", "services_removed")},
    **{name: many(ref("Action")) for name in ("actions_added", "actions_removed")},
    **{name: many(ref("Moved")) for name in ("actions_widened", "actions_narrowed", "actions_rescoped")},
    **{name: many(_deny(moved=False)) for name in ("denies_added", "denies_removed")},
    **{name: many(_deny(moved=True)) for name in ("denies_widened", "denies_narrowed", "denies_rescoped")},
    **{name: many(ref("Pattern")) for name in ("patterns_added", "patterns_removed")},
}

SCHEMAS: dict[str, Schema] = {
    "Policy": thing({"arn": ARN, "name": TEXT, "partition": TEXT}),
    "Scope": thing(
        {
            "resources": many(TEXT), "not_resources": many(TEXT), "principal": {"type": "object"},
            "not_principal": {"type": "object"}, "condition": {"type": "object"},
        },
        optional=("resources", "not_resources", "principal", "not_principal", "condition"),
        more=False,
    ),
    "Action": thing(
        {
            "action": TEXT, "service": TEXT, "access_level": TEXT, "description": TEXT, "tags": many(TEXT),
            "scopes": many(ref("Scope")),
        }
    ),
    "Moved": _moved(),
    "Pattern": thing(
        {
            "pattern": TEXT, "effect": {"enum": ["Allow", "Deny"]}, "scopes": many(ref("Scope")), "reaches": COUNT,
            "open_ended": {"type": "boolean"},
        }
    ),
    "Endpoint": thing(
        {
            "version": VERSION, "create_date": INSTANT, "observed_at": maybe(INSTANT),
            "basis": {"enum": ["look", "commit", "create_date"]},
        }
    ),
    "Finding": thing(
        {
            "rule": TEXT, "kind": TEXT, "severity": SEVERITY, "actions": many(TEXT), "completes": many(TEXT),
            "consequence": TEXT, "why": TEXT, "source": TEXT, "source_date": TEXT, "scopes": many(ref("Scope")),
            "accepted": maybe(TEXT),
        }
    ),
    "Change": thing(
        {
            "schema": {"const": 1}, "type": {"const": "change"}, "id": TEXT, "severity": SEVERITY, "headline": TEXT,
            "policy": ref("Policy"), "kind": KIND, "reinstated": {"type": "boolean"}, "from": maybe(ref("Endpoint")),
            "to": maybe(ref("Endpoint")), "gap": many(VERSION), "versions_filled": many(VERSION),
            "rollback": maybe(
                thing(
                    {
                        "restored": VERSION, "withdrawn": VERSION, "in_force_min_s": {"type": "number"},
                        "in_force_max_s": {"type": "number"},
                    }
                )
            ),
            "catalogue": TEXT, "summary": _SUMMARY, "attention": many(ref("Finding")),
            "tripwires": many(thing({"pattern": TEXT, "actions": many(TEXT)})), **_LISTS,
            "redundant": many(
                thing(
                    {
                        "pattern": TEXT, "effect": {"enum": ["Allow", "Deny"]},
                        "direction": {"enum": ["added", "removed"]}, "scopes": many(ref("Scope")),
                    }
                )
            ),
            "cosmetic": many(TEXT),
            "role": thing(
                {
                    **{name: many(TEXT) for name in (
                        "trusted_added", "trusted_removed", "attached_added", "attached_removed", "inline_added",
                        "inline_removed", "inline_changed",
                    )},
                    "trust_changed": {"type": "boolean"}, "made_again": {"type": "boolean"}, "gone": {"type": "boolean"},
                    "boundary_before": maybe(TEXT), "boundary_after": maybe(TEXT),
                }
            ),
            "trail": thing(
                {
                    "roles": many(TEXT), "since": INSTANT, "actions": COUNT, "lake": maybe(TEXT), "athena": maybe(TEXT),
                    "data_only": many(
                        thing(
                            {"action": TEXT, "why": TEXT, "source": TEXT, "source_date": TEXT, "resource_type": TEXT}
                        )
                    ),
                    "never": many(thing({"action": TEXT, "why": TEXT, "source": TEXT, "source_date": TEXT})),
                }
            ),
        },
        optional=("role", "trail"),
    ),
    "Period": thing(
        {
            "schema": {"const": 1}, "type": {"const": "period"}, "since": INSTANT, "until": INSTANT,
            "policies": many(
                thing(
                    {
                        "policy": ref("Policy"), "net": maybe(ref("Change")), "transitions": many(ref("Change")),
                        "transient": many(ref("Transient")), "transient_scopes": many(ref("Transient")),
                        "transient_attention": many(ref("Finding")), "looks": COUNT, "first_look": maybe(INSTANT),
                        "last_look": maybe(INSTANT), "known_before": {"type": "boolean"},
                    }
                )
            ),
        }
    ),
    "Transient": thing(
        {
            "action": TEXT,
            "direction": {"enum": ["granted", "withdrawn", "widened", "narrowed", "re-scoped"]},
            "min_s": {"type": "number"}, "max_s": {"type": "number"},
        }
    ),
    "ChangeRow": thing(
        {
            "id": TEXT, "policy": ref("Policy"), "kind": KIND, "from": maybe(VERSION), "to": maybe(VERSION),
            "observed_at": INSTANT, "severity": SEVERITY, "headline": TEXT, "summary": _SUMMARY, "page": TEXT,
        }
    ),
    "PolicyRow": thing(
        {"policy": ref("Policy"), "versions": COUNT, "changes": COUNT, "last_change": maybe(INSTANT), "page": TEXT}
    ),
    "PolicyNow": thing(
        {
            "policy": ref("Policy"), "actor": TEXT, "default": maybe(VERSION), "create_date": maybe(INSTANT),
            "observed_at": maybe(INSTANT), "actions": COUNT, "services": COUNT, "versions": COUNT, "changes": COUNT,
            "last_look": maybe(INSTANT), "next_look": maybe(INSTANT), "stale": {"type": "boolean"}, "page": TEXT,
        }
    ),
    "VersionRow": thing(
        {"version": VERSION, "create_date": INSTANT, "default": {"type": "boolean"}, "observed_at": many(INSTANT), "page": TEXT}
    ),
    "Version": thing(
        {
            "policy": ref("Policy"), "version": VERSION, "create_date": INSTANT, "sha256": TEXT, "source": TEXT,
            "default": {"type": "boolean"}, "catalogue": TEXT,
            "services": many(
                thing(
                    {
                        "service": TEXT, "name": TEXT,
                        "actions": many(
                            thing({"action": TEXT, "access_level": TEXT, "scopes": many(ref("Scope")), "denied": many(ref("Scope"))})
                        ),
                    }
                )
            ),
        }
    ),
    "Document": {"type": "object", "required": ["Statement"]},
    "Transition": thing(
        {
            "kind": KIND, "from": maybe(ref("Endpoint")), "to": maybe(ref("Endpoint")), "observed_at": INSTANT,
            "gap": many(VERSION), "versions_filled": many(VERSION), "reinstated": {"type": "boolean"}, "change": TEXT,
        }
    ),
    "Holder": thing(
        {
            "policy": ref("Policy"), "allows": {"type": "boolean"},
            "spans": many(thing({"since": INSTANT, "until": maybe(INSTANT), "first_on_record": {"type": "boolean"}})),
            "patterns": many(TEXT), "scopes": many(ref("Scope")), "denied": many(ref("Scope")),
            "not_visible_since": maybe(INSTANT),
        }
    ),
    "CatalogueAction": thing(
        {
            "action": TEXT, "service": TEXT, "service_name": TEXT, "access_level": TEXT, "description": TEXT,
            "known": {"type": "boolean"}, "holders": many(ref("Holder")),
        }
    ),
    "Service": thing({"service": TEXT, "name": TEXT, "actions": COUNT}),
    "ServiceWhole": thing(
        {
            "service": TEXT, "name": TEXT, "actions": COUNT,
            "items": many(thing({"action": TEXT, "access_level": TEXT, "description": TEXT})),
            "holders": many(ref("Holder")),
        }
    ),
    "InForce": thing(
        {
            "rule": TEXT, "kind": TEXT, "severity": SEVERITY, "actions": many(TEXT), "consequence": TEXT,
            "since": maybe(TEXT), "why": TEXT, "source": TEXT, "source_date": TEXT, "scopes": many(ref("Scope")),
            "accepted": maybe(TEXT),
        }
    ),
    "Stats": thing({"policies": COUNT, "versions": COUNT, "changes": COUNT, "looks": COUNT, "months": {"type": "object", "additionalProperties": COUNT}}),
    "Status": thing(
        {
            "version": TEXT, "catalogue": TEXT, "watched": many(ref("Policy")), "stale": many(ref("Policy")),
            "next_look": INSTANT, "next_report": INSTANT, "outbox": {"type": "object", "additionalProperties": COUNT},
            "runs": many(thing({"id": TEXT, "kind": TEXT, "started": INSTANT, "finished": maybe(INSTANT), "outcome": TEXT})),
        }
    ),
    "Problem": thing(
        {"type": TEXT, "title": TEXT, "status": {"type": "integer"}, "detail": TEXT, "advice": TEXT},
        optional=("advice",),
    ),
}  # fmt: skip


def list_of(name: str) -> Schema:
    """One page of a list: its rows under `items`, and where to go on."""
    return thing({"items": many(ref(name)), "next": maybe(TEXT)})


def _inside(value: Any) -> Any:
    """The same with references as a schema file has them."""
    if isinstance(value, dict):
        return {
            key: f"#/$defs/{one.rpartition('/')[2]}" if key == "$ref" else _inside(one)
            for key, one in value.items()
        }
    return [_inside(one) for one in value] if isinstance(value, list) else value


def record_schema() -> Schema:
    """The schema of the record as one file: a change, or a period."""
    names = (
        "Policy",
        "Scope",
        "Action",
        "Moved",
        "Pattern",
        "Endpoint",
        "Finding",
        "Change",
        "Period",
        "Transient",
    )
    return {
        "$schema": BASE,
        "title": "policy-tracker record, schema 1",
        "description": "A change of an AWS managed policy, or a period's changes. Fields are only ever added.",
        "oneOf": [{"$ref": "#/$defs/Change"}, {"$ref": "#/$defs/Period"}],
        "$defs": {name: _inside(SCHEMAS[name]) for name in names},
    }
