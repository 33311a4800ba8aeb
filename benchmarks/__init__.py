"""What we promise about speed, measured: every figure stands beside a named baseline taken in the same run.

A benchmark is a module of this package with a function `figures()` that answers Figures; a module whose name begins
with an underscore is none. `python -m benchmarks [NAME ...]` runs them all, or those named, and prints one table.
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured promise."""

    what: str  # 'check of one unchanged policy, cold process'
    ours: float  # in `unit`
    unit: str  # 's', 'ms', 'MB'
    limit: float  # of the kind that `promise` names
    baseline: str = ""  # what it stands beside: 'a boto3 script that calls GetPolicy'
    theirs: float = 0.0  # the baseline, in `unit`
    promise: Literal["ratio", "extra", "absolute"] = "ratio"  # ours / theirs; ours - theirs; ours alone

    @property
    def measured(self) -> float:
        """What is held against the limit."""
        if self.promise == "ratio":
            return self.ours / self.theirs
        return self.ours - self.theirs if self.promise == "extra" else self.ours

    @property
    def holds(self) -> bool:
        """True where the promise is kept."""
        return self.measured <= self.limit
