"""Edits that no quick test sees, and why that may stand."""

SURVIVORS: dict[tuple[str, str], str] = {}
