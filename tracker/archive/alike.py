"""Advice for whoever named a policy that the archive has not."""

from collections.abc import Iterable

from tracker.model.identity import PolicyArn


def advice_for(asked: PolicyArn, known: Iterable[PolicyArn]) -> str:
    """`did you mean ...?` with the names spelt alike, else how to come to know a policy. It takes a tenth of a second among thousands."""
    import difflib  # only for whom it helps

    names = {arn.name.lower(): arn.name for arn in known if arn.partition == asked.partition}
    near = difflib.get_close_matches(asked.name.lower(), names, n=3, cutoff=0.6)
    near += sorted(name for name in names if asked.name.lower() in name and name not in near)[:3]
    if near:
        return f"did you mean {', '.join(names[name] for name in near)}?"
    return "'policy-tracker check POLICY' looks at a policy for the first time, 'policy-tracker log --all' lists those known"
