"""The page of an auditor's folder: what lies in it, and the commands that check it without this program.

The commands stand here once: the page prints them, and a test runs them as printed (tests/evidence/test_evidence.py).
They are for a POSIX shell with sha256sum, jq and git, run inside the folder.
"""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Check:
    """One thing to check by hand."""

    title: str
    shows: str  # what it shows, and what not
    command: str
    needs: str = ""  # what else it takes: 'TRACKER' or 'REPO' is set to a folder


@dataclass(frozen=True, slots=True)
class PolicyPart:
    """What the folder has of one policy."""

    name: str
    folder: str  # of its changelogs, from the folder; empty where they can't be made
    answer: str  # one sentence: what the stretch of time did; or why that can't be told
    changes: int
    unsigned: int  # changes that a look saw and nobody has signed for
    documents: int
    looks: int
    planned: int
    missed: int
    begun: datetime | None  # when it was first looked at
    history: int = 0  # changes that no look saw: they ask for no signature


@dataclass(frozen=True, slots=True)
class EvidencePage:
    """What the page says."""

    since: datetime  # UTC, inclusive
    until: datetime  # UTC, exclusive
    policies: tuple[PolicyPart, ...]
    signed: int  # sign-offs for changes of these policies
    reconciled: str  # one sentence
    findings: tuple[str, ...]  # of verify: what is wrong where
    head: str  # of the seal
    sealed: int  # files
    chained: int
    unchained: int
    checks: tuple[Check, ...]


CHECKS = (
    Check(
        "Nothing in this folder was changed since it was made",
        "Silence is success. Whoever made the folder could have made the sums anew: keep the sum of SHA256SUMS elsewhere.",
        "sha256sum --check --quiet SHA256SUMS",
    ),
    Check(
        "Each document is the one that its snapshot names",
        "Prints a snapshot whose document has another hash than it says. Silence is success.",
        """for file in archive/snapshots/*/*/*_v*.json; do
  test -e "$file" || continue
  test "$(jq -S .document "$file" | sha256sum | cut -d' ' -f1)" = "$(jq -r .sha256 "$file")" ||
    echo "differs: $file"
done""",
    ),
    Check(
        "What was in force is what the timeline names",
        "Prints a document that a timeline names for this stretch of time, or as in force at its beginning, and that is not here. Silence is success.",
        """since=$(jq -r .since manifest.json) until=$(jq -r .until manifest.json)
for line in archive/snapshots/*/*/timeline.jsonl; do
  jq -rs --arg since "$since" --arg until "$until" \\
    'map(select(.observed_at < $until)) | (map(select(.observed_at < $since))[-1:] + map(select(.observed_at >= $since)))[] |
      select(.sha256 != null) | .sha256' "$line" |
  while read -r sum; do
    grep -q "\\"sha256\\": \\"$sum\\"" "$(dirname "$line")"/*_v*.json || echo "not here: $sum of $line"
  done
done""",
    ),
    Check(
        "No line of the past was edited",
        "Each line holds the hash of the line before it. Prints where that is not so. Lines older than the chain have none, "
        "and the first line after them holds all of them: those are passed over here and checked by policy-tracker verify.",
        """find archive -name '*.jsonl' | sort | while read -r file; do
  number=0 before=
  while read -r line; do
    said=$(printf '%s' "$line" | jq -r .previous)
    if [ "$said" != null ] && [ "$before" != null ]; then
      counted=$(head -n "$number" "$file" | tail -n 1 | sha256sum | cut -d' ' -f1)
      test "$said" = "$counted" || echo "$file breaks at line $((number + 1))"
    fi
    before=$said
    number=$((number + 1))
  done < "$file"
done""",
    ),
    Check(
        "The head is the hash of the seal",
        "The seal has one line for each file of the whole archive. A head that was kept elsewhere (a mail, a commit) must be this one.",
        """test "$(sha256sum < seal.txt | cut -d' ' -f1)" = "$(jq -r .head manifest.json)" &&
  echo "the head is $(jq -r .head manifest.json)\"""",
    ),
    Check(
        "Every file of the archive in this folder is one that was sealed",
        "Prints a file that is not as the seal has it, so that a forged copy does not pass with an honest seal. Silence is success.",
        """find archive -type f | sort | while read -r file; do
  grep -qxF "$(sha256sum < "$file" | cut -d' ' -f1) $(wc -c < "$file" | tr -d ' ') ${file#archive/}" seal.txt ||
    echo "not as sealed: $file"
done""",
    ),
    Check(
        "The tracker's folder still begins with what was sealed",
        "Set TRACKER to the folder of the tracker, on the day of the audit or years later. Prints a file whose sealed part was rewritten.",
        """: "${TRACKER:?set it first}"
while read -r sum size path; do
  test "$(head -c "$size" "$TRACKER/$path" | sha256sum | cut -d' ' -f1)" = "$sum" || echo "rewritten: $path"
done < seal.txt""",
        "TRACKER",
    ),
    Check(
        "The same stands in git",
        "Set REPO to a clone of the repository that the tracker's folder is committed to. Prints a timeline that is not there as it is here; "
        "git log tells who committed it when.",
        """for file in archive/snapshots/*/*/timeline.jsonl; do
  git -C "$REPO" show "HEAD:${file#archive/}" | head -c "$(wc -c < "$file")" |
    cmp -s - "$file" || echo "not in git: $file"
done
git -C "$REPO" log --format='%h %cI %an' -- snapshots | head -n 5""",
        "REPO",
    ),
    Check(
        "Who signed for what, and for which document",
        "One line a sign-off. The last column is the hash of the document that was signed for.",
        """test ! -f archive/signoffs.jsonl || jq -r '[.signed_at, .by, .ticket, .arn, .to, .sha256] | @tsv' archive/signoffs.jsonl""",
    ),
)
