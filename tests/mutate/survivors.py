"""Edits that no quick test sees, and why that may stand."""

SURVIVORS: dict[tuple[str, str], str] = {
    ("policy/languages.py", "sorted(named) -> list(named)"): (
        "the answer is the same in any order; sorted, a question takes as many steps in every process"
    ),
}
