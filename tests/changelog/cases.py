"""One change of every kind, for the golden files: small ones, shaped like what AWS published."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from tests.changelog.making import (
    BILLING,
    RULES,
    SUPPORT,
    TODAY,
    PlainCatalogue,
    by_hand,
    change,
    document,
    endpoint,
    instant,
    real,
    real_change,
    real_growth,
    real_last,
    real_period,
)
from tracker.changes.growth import growth
from tracker.model.change import Attention, Change, Period, Redundant, Scope, Transient, TripwireHit
from tracker.model.history import Kind, Rollback
from tracker.model.identity import VersionId
from tracker.policy.parse import parse_document


class OlderCatalogue(PlainCatalogue):
    """The plain catalogue before AWS invented `budgets:ModifyBudget`."""

    version = "0.0.plain"

    def actions(self, service: str) -> tuple[str, ...]:
        """All but the newest."""
        return tuple(one for one in super().actions(service) if one != "modifybudget")


READS = ["ec2:describeInstances", "s3:listBucket"]
GATEWAYS = [
    f"arn:aws:apigateway:*::/{place}" for place in ("account", "apis", "apis/*", "restapis", "restapis/*")
]


def updated() -> Change:
    """The right to read objects comes with others, one comes under a condition, one place more, two go."""
    return change(
        document(
            {"Action": [*READS, "backup:describeVault", "ec2:describeOddThings"]},
            {"Action": "apigateway:GET", "Resource": GATEWAYS},
        ),
        document(
            {
                "Action": [
                    *READS,
                    "s3:getObject",
                    "connect:listUsers",
                    "connect:describeUser",
                    "oddity:lookAround",
                ]
            },
            {"Action": "apigateway:GET", "Resource": [*GATEWAYS, "arn:aws:apigateway:*::/vpclinks"]},
            {
                "Action": "iam:deleteRole",
                "Resource": "arn:aws:iam::*:role/aws-service-role/support.amazonaws.com/AWSServiceRoleForSupport",
            },
            {
                "Action": "s3:putBucketPolicy",
                "Condition": {"StringEquals": {"aws:SourceAccount": ["111111111111", "222222222222"]}},
            },
        ),
    )


def quiet() -> Change:
    """Two reads more, one service new, a version that nobody saw, and history known by its dates alone."""
    return change(
        document({"Action": READS}),
        document({"Action": [*READS, "ec2:describeVpcs", "connect:listUsers"]}),
        ends=(
            endpoint("v41", "2025-09-01 09:00", seen="2025-09-01 09:00", basis="create_date"),
            endpoint("v43", "2025-11-01 09:00", seen="2025-11-01 09:00", basis="create_date"),
        ),
        gap=(VersionId(42),),
    )


def rolled_back() -> Change:
    """What was granted is withdrawn again after some hours."""
    return change(
        document({"Action": [*READS, "s3:getObject", "s3:getBucketAcl"]}),
        document({"Action": [*READS, "sts:getCallerIdentity"]}),
        Kind.ROLLED_BACK,
        ends=(
            endpoint("v20", "2021-12-21 23:48"),
            endpoint("v19", "2021-11-12 00:01", seen="2021-12-22 10:12"),
        ),
        rollback=Rollback(VersionId(19), VersionId(20), 36050, 37482),
    )


def reinstated() -> Change:
    """The version that had been rolled back is the default again."""
    return change(
        document({"Action": READS}),
        document({"Action": [*READS, "ec2:describeVpcs"]}),
        policy=BILLING,
        reinstated=True,
        filled=(VersionId(8),),
    )


def republished() -> Change:
    """The same access under a later version."""
    return change(
        document({"Action": READS, "Sid": "One"}),
        document({"Action": list(reversed(READS)), "Sid": "Two"}),
        Kind.REPUBLISHED,
        ends=(endpoint("v44", "2026-01-02 09:00"), endpoint("v50", "2026-02-12 12:00")),
        gap=tuple(map(VersionId, range(45, 50))),
    )


def created() -> Change:
    """A policy that was not there before."""
    return change(
        None, document({"Action": ["budgets:ViewBudget", "s3:List*"]}), Kind.CREATED, policy=BILLING
    )


def recreated() -> Change:
    """A policy whose versions started over."""
    return change(
        document({"Action": READS}),
        document({"Action": [*READS, "budgets:ViewBudget"]}),
        Kind.RECREATED,
        policy=BILLING,
        ends=(endpoint("v3", "2024-01-02 09:00"), endpoint("v1", "2026-02-12 12:00")),
    )


def removed() -> Change:
    """A policy that this account no longer sees."""
    ends = (endpoint("v7", "2026-05-04 12:00"), None)
    same = document({"Action": READS})
    return change(same, same, Kind.REMOVED, policy=BILLING, ends=ends)


def reappeared() -> Change:
    """A policy that this account sees again, with one action more."""
    return change(
        document({"Action": READS}),
        document({"Action": [*READS, "budgets:ViewBudget"]}),
        Kind.REAPPEARED,
        policy=BILLING,
    )


def catalogue_growth() -> Change:
    """A wildcard reaches actions that are new in AWS's list."""
    found = growth(
        BILLING,
        endpoint("v6", "2026-04-02 09:00"),
        parse_document(document({"Action": ["budgets:*", "ec2:describeVpcs"]}), what="a test's document"),
        OlderCatalogue(),
        PlainCatalogue(),
        observed_at=instant("2026-05-04 12:00"),
        rules=RULES,
        today=TODAY,
    )
    assert found is not None
    return found


def compared() -> Change:
    """Two documents that somebody asked to compare."""
    before, after = (
        document({"Action": READS}),
        document({"Action": ["ec2:describeInstances", "s3:getObject"]}),
    )
    ends = (endpoint("v1", "2024-01-02 09:00", seen=None), endpoint("v2", "2024-02-02 09:00", seen=None))
    return change(before, after, Kind.COMPARED, ends=ends, policy=BILLING)  # nobody saw either as the default


def never_in_force() -> Change:
    """A version that was made and never seen as the default."""
    before, after = document({"Action": READS}), document({"Action": [*READS, "s3:getObject"]})
    ends = (endpoint("v19", "2021-11-12 00:01"), endpoint("v20", "2021-12-21 23:48", seen=None))
    return change(before, after, Kind.COMPARED, ends=ends)


def denies() -> Change:
    """A policy of denies alone: one comes, one goes, one is narrowed by a condition, one is denied elsewhere."""
    return change(
        document(
            {"Effect": "Deny", "Action": ["iam:CreateUser", "s3:PutObject", "s3:DeleteBucket"]},
            {"Effect": "Deny", "Action": "sqs:SendMessage", "Resource": "arn:aws:sqs:*:*:one"},
        ),
        document(
            {"Effect": "Deny", "Action": ["iam:CreateUser", "kms:Decrypt", "s3:GetO*"]},
            {"Effect": "Deny", "Action": "sqs:SendMessage", "Resource": "arn:aws:sqs:*:*:two"},
            {
                "Effect": "Deny",
                "Action": "s3:PutObject",
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            },
        ),
        policy=BILLING,
    )


def patterns() -> Change:
    """Wildcards, NotAction, an edit without effect and a cosmetic one."""
    return change(
        document({"Action": ["s3:Get*", "sts:*"], "Sid": "One"}),
        document(
            {"Action": ["s3:Get*", "s3:GetObject", "sts:GetCallerIdentity", "budgets:*"], "Sid": "Two"},
            {
                "NotAction": ["budgets:*", "s3:*", "sts:*"],
                "Resource": "arn:aws:athena:*:111111111111:workgroup/one",
            },
        ),
        policy=BILLING,
    )


def rescoped() -> Change:
    """Other places, more conditions, fewer conditions."""
    return change(
        document(
            {"Action": "s3:GetObject", "Resource": "arn:aws:s3:::one/*"},
            {"Action": "s3:PutObject"},
            {"Action": "kms:Decrypt", "Condition": {"StringEquals": {"kms:ViaService": "s3.amazonaws.com"}}},
        ),
        document(
            {"Action": "s3:GetObject", "Resource": "arn:aws:s3:::two/*"},
            {"Action": "s3:PutObject", "NotResource": "arn:aws:s3:::logs/*"},
            {"Action": "kms:Decrypt"},
        ),
        policy=BILLING,
    )


HOSTILE = "s3:a|b`c``d\n# <img src=x onerror=alert(1)>\u202e\x1b[31m&amp;[x](javascript:y)**~~$x$~~"


def hostile() -> Change:
    """Everything that a document can hold, in every place where a document's words are shown."""
    scope = Scope(resources=(f"arn:aws:{HOSTILE}", '"><script>alert(2)</script>'))
    found = change(document({"Action": READS}), document({"Action": [*READS, "s3:getObject"]}))
    one = found.difference.actions_added[0]
    worst = by_hand(
        found,
        actions_added=(
            type(one)(
                HOSTILE, "s3", "Read", f"{HOSTILE} www.example.com user@example.com", (scope,), ("unknown",)
            ),
        ),
        redundant=(Redundant(HOSTILE, "Allow", "added", (scope,)),),
        cosmetic=(f"the Sid became {HOSTILE}",),
    )
    finding = Attention(
        "hostile", "customer-data", (HOSTILE,), (HOSTILE,), HOSTILE, HOSTILE, f"{HOSTILE} (https://example.com/a)",
        "2026-01-01", (scope,), "alarm",
    )  # fmt: skip
    return type(found)(
        worst.transition, worst.difference, (finding,), (TripwireHit(HOSTILE, (HOSTILE,)),), "alarm", worst.id
    )


SMALL: Mapping[str, Callable[[], Change]] = {
    one.__name__.replace("_", "-"): one
    for one in (
        updated, quiet, rolled_back, reinstated, republished, created, recreated, removed, reappeared, catalogue_growth,
        compared, never_in_force, denies, patterns, rescoped, hostile,
    )
}  # fmt: skip

STACKS = "CloudFormationStackSetsOrgAdminServiceRolePolicy"


def _real_growth() -> Change:
    """PowerUserAccess allows whatever is not its business: it grows with every action that AWS invents."""
    found = real_growth("PowerUserAccess", "v6", OlderCatalogue())
    assert found is not None
    return found


# Facts of the public archive https://github.com/zoph-io/MAMIP, read from the bundle; the documents are not copied.
REAL: Mapping[str, Callable[[], Change]] = {
    "real-updated": lambda: real_change(SUPPORT.name, "v7", "v8"),
    "real-rolled-back": lambda: real_change(SUPPORT.name, "v20", "v19"),
    "real-recreated": lambda: real(STACKS)[0],
    "real-gap": lambda: real_change("AWSConfigServiceRolePolicy", "v8", "v10"),
    "real-republished": lambda: real_change("AWSCleanRoomsFullAccess", "v1", "v2"),
    "real-created": lambda: real_last(STACKS, "v1", watched=True),
    "real-removed": lambda: real_last(STACKS, "v1", "gone"),
    "real-reappeared": lambda: real_last(STACKS, "v1", "gone", "v1"),
    "real-reinstated": lambda: real_last(SUPPORT.name, "v19", "v20", "v19", "v20"),
    "real-catalogue-growth": _real_growth,
    "real-denies": lambda: real_change("AWSCompromisedKeyQuarantineV2", "v1", "v2"),
}


def month(**more: Any) -> Period:
    """May 2026 with nothing in it, looked at every day."""
    values: dict[str, Any] = {
        "policy": SUPPORT,
        "since": datetime(2026, 5, 1, tzinfo=UTC),
        "until": datetime(2026, 6, 1, tzinfo=UTC),
        "net": None,
        "transitions": (),
        "transient": (),
        "looks": 30,
        "first_look": instant("2026-05-01 06:17"),
        "last_look": instant("2026-05-31 06:17"),
    }
    return Period(**(values | more))


def passing() -> tuple[Transient, ...]:
    """What came and went, and what went and came."""
    granted = [
        Transient(one, "granted", 36050, 37482)
        for one in ("s3:getObject", "s3:getBucketAcl", "ec2:describeVpcs")
    ]
    return (*granted, Transient("sts:getCallerIdentity", "withdrawn", 36050, 37482))


PERIODS: Mapping[str, Callable[[], Period]] = {
    "period-nothing": month,
    "period-nobody-looked": lambda: month(looks=0, first_look=None, last_look=None),
    "period-net": lambda: month(net=updated(), transitions=(updated(),)),
    "period-transient": lambda: month(
        transitions=(never_in_force(), rolled_back()),
        transient=passing(),
        transient_attention=never_in_force().attention,
    ),
    "period-scopes": lambda: month(
        policy=BILLING,
        transitions=(rescoped(),),
        transient_scopes=(
            Transient("kms:Decrypt", "widened", 0, 7200),
            Transient("s3:PutObject", "narrowed", 60, 7200),
            Transient("s3:GetObject", "re-scoped", 60, 7200),
        ),
    ),
    "period-unknown-before": lambda: month(net=created(), transitions=(created(),), known_before=False),
}

DECEMBER = (datetime(2021, 12, 1, tzinfo=UTC), datetime(2022, 1, 1, tzinfo=UTC))
REAL_PERIODS: Mapping[str, Callable[[], Period]] = {
    "real-december-2021": lambda: real_period(SUPPORT.name, *DECEMBER),
    "real-winter-2021": lambda: real_period(SUPPORT.name, DECEMBER[0], datetime(2022, 3, 1, tzinfo=UTC)),
}
