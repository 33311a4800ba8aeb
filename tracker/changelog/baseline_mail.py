"""The one mail that may follow a first look: what is watched from now on, and what is in force today."""

from collections.abc import Sequence
from hashlib import sha256
from typing import TYPE_CHECKING

from tracker.changelog.actors import actor, lower_first, short_actor
from tracker.changelog.findings import attention_row, by_weight, shown
from tracker.changelog.mails import Body, MailRow, assembled
from tracker.changelog.origin import Origin
from tracker.changelog.record import dumps
from tracker.changelog.subject import clip
from tracker.changelog.wording import count, listed, number
from tracker.model.identity import PolicyArn
from tracker.model.instants import iso, words
from tracker.model.message import Attachment, Message

if TYPE_CHECKING:
    from tracker.changelog.baseline import Baseline
    from tracker.changelog.render import Renderer


def _counted(policies: Sequence[PolicyArn]) -> str:
    """`2 AWS managed policies, 1 policy of your own and 1 role`."""
    roles = sum(one.is_role for one in policies)
    own = sum(not one.is_role and one.account != "aws" for one in policies)
    managed = len(policies) - roles - own
    return listed(
        (
            count(managed, "AWS managed policy", "AWS managed policies") if managed else "",
            count(own, "policy of your own", "policies of your own") if own else "",
            count(roles, "role") if roles else "",
        )
    )


def baseline_message(renderer: "Renderer", baselines: Sequence["Baseline"], link: str | None) -> Message:
    """The one mail that may follow a first look. Raises ValueError where there is nothing to tell of."""
    if not baselines:
        raise ValueError("a baseline message needs at least one policy")
    ordered = sorted(baselines, key=lambda one: str(one.policy))
    first = ordered[0]
    found = [item for one in ordered for item in shown(one.attention)]
    if len(ordered) == 1 and first.policy.is_role:
        answer = (
            f"From now on you hear of every change of the role {first.policy.name}: who may assume it, what is attached to it,"
            f" its inline policies ({first.version})."
        )
        line = f"Watching the role {first.policy.name}: {first.version}, {number(len(found))} flagged"
    elif len(ordered) == 1:
        answer = (
            f"From now on you hear of every change to what {lower_first(actor(first.policy))} can do: today that is "
            f"{count(first.actions, 'action')} in {count(first.services, 'service')} ({first.version})."
        )
        line = f"Watching {short_actor(first.policy)}: {first.version}, {count(first.actions, 'action')}, {number(len(found))} flagged"
    else:
        what = _counted([one.policy for one in ordered])
        answer = f"From now on you hear of every change to {what}."
        line = f"Watching {what}, {count(len(found), 'finding')} in force"
    body = Body(
        policy=first.policy,
        about="first look",
        subject=clip(line),
        answer=answer,
        attention=tuple(attention_row(item, verb="can") for item in by_weight(found)),
        accepted=sum(1 for one in ordered for item in one.attention if item.accepted),
        notes=["This is what was in force when the watch began; no mail is sent for the past."],
        rows=[
            MailRow(
                one.policy.name,
                str(one.version),
                "" if one.policy.is_role else number(one.actions),
                "role" if one.policy.is_role else "",
                f"{one.version}, made {one.create_date:%Y-%m-%d}",
            )
            for one in ordered
        ],
        title="What is watched",
        origins=[Origin("Looked", f"{words(max(one.observed_at for one in ordered))}")],
    )
    listing = "".join(f"{one.policy}\t{one.version}\n" for one in ordered)
    changelog = f"baseline:{sha256(listing.encode()).hexdigest()[:16]}"
    full = Attachment(
        "baseline.md",
        "text/markdown",
        renderer.render(
            "baseline.md", baselines=ordered, answer=answer, attention=body.attention, accepted=body.accepted
        ),
    )
    record = {
        "schema": 1,
        "type": "baseline",
        "id": changelog,
        "headline": answer,
        "policies": [
            {
                "arn": str(one.policy),
                "version": str(one.version),
                "observed_at": iso(one.observed_at),
                "services": one.services,
                "actions": one.actions,
            }
            for one in ordered
        ],
    }
    return assembled(
        renderer,
        body,
        (full,),
        link,
        changelog=changelog,
        versions=str(first.version),
        urgent=False,
        record=dumps(record),
    )
