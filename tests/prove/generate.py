"""Pairs of policy documents with all of the grammar, of a small alphabet, so that they have much to do with each other."""

import copy
import random
from typing import Any

from tests.prove.grid import BASE, KINDS

Policy = dict[str, Any]
SERVICES = ("s", "t")
VALUES: dict[str, tuple[str, ...]] = {
    "arn": ("arn:aws:s:r:1:a", "arn:aws:s:*:1:a*", "arn:aws:*:r:1:*", "arn:aws:s:r:*:*", "arn:aws:s:r:?:a",
            "arn:aws:s:r:1:*a", "arn:aws:s:*:2:a", "arn:*:*:*:*:*"),
    "number": ("1", "2", "5", "1.0"),
    "date": ("2024-01-02T00:00:00Z", "2024-01-04T00:00:00Z", "2024-01-06T00:00:00Z"),
    "address": ("10.0.0.0/8", "10.0.0.0/9", "10.128.0.0/9", "10.1.2.3", "0.0.0.0/0", "::/0", "2001:db8::/32",
                "2001:db8::/33", "0.0.0.0/1", "128.0.0.0/1"),
    "truth": ("true", "false"),
    "several": ("a", "b", "ab", "q"),
}  # fmt: skip
OPERATORS: dict[str, tuple[str, ...]] = {
    "string": ("StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "StringEqualsIgnoreCase",
               "StringNotEqualsIgnoreCase"),
    "arn": ("ArnLike", "ArnNotLike", "ArnEquals", "ArnNotEquals"),
    "number": tuple(f"Numeric{one}" for one in ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan",
                                                "GreaterThanEquals")),
    "date": tuple(f"Date{one}" for one in ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan",
                                           "GreaterThanEquals")),
    "address": ("IpAddress", "NotIpAddress"),
    "truth": ("Bool",),
    "several": ("ForAllValues:StringEquals", "ForAnyValue:StringEquals", "ForAllValues:StringNotEquals",
                "ForAnyValue:StringNotEquals", "ForAllValues:StringLike", "ForAnyValue:StringLike"),
}  # fmt: skip
PRINCIPALS: tuple[Any, ...] = (
    "*", {"AWS": "*"}, {"AWS": "111122223333"}, {"AWS": "arn:aws:iam::111122223333:root"},
    {"AWS": "arn:aws:iam::111122223333:role/r"}, {"AWS": "arn:aws:iam::444455556666:user/u"},
    {"Service": ["a.amazonaws.com", "b.amazonaws.com"]}, {"Service": "a.amazonaws.com"},
    {"AWS": ["arn:aws:iam::111122223333:role/r", "arn:aws:iam::111122223333:role/s"], "Service": "b.amazonaws.com"},
    {"Federated": "cognito"}, {"AWS": "arn:aws:sts::111122223333:assumed-role/r/x"},
    {"AWS": ["arn:aws:iam::111122223333:role/r", "arn:aws:sts::111122223333:assumed-role/r/x"]},
)  # fmt: skip


class Maker:
    """One pair: which features it has is drawn once, so that both sides speak of the same things."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.keys = chance.sample(sorted(KINDS), chance.choice((0, 0, 1, 1, 2)))
        if sum(key in ("k:string", "k:several") for key in self.keys) == 2:
            self.keys.pop()
        self.trust = chance.random() < 0.08
        self.resources = chance.random() < 0.6
        self.variables = chance.random() < 0.08
        self.versions = ["2012-10-17"] if chance.random() < 0.9 else ["2012-10-17", "2008-10-17", None]

    def pair(self) -> tuple[Policy, Policy]:
        """Two documents, the second mostly an edit of the first."""
        before = self.document()
        if self.chance.random() < 0.15:
            return before, self.document()
        after = copy.deepcopy(before)
        for _ in range(self.chance.choice((1, 1, 1, 2, 3))):
            self.edit(after)
        return (before, after) if self.chance.random() < 0.5 else (after, before)

    def document(self) -> Policy:
        """One document."""
        made = {"Statement": [self.statement() for _ in range(self.chance.choice((1, 1, 2, 2, 3)))]}
        version = self.chance.choice(self.versions)
        return {"Version": version, **made} if version else made

    def statement(self) -> Policy:
        """One statement."""
        one: Policy = {"Effect": "Deny" if self.chance.random() < 0.25 else "Allow"}
        one["NotAction" if self.chance.random() < 0.15 else "Action"] = self.some(self.action)
        if self.trust:
            one["NotPrincipal" if self.chance.random() < 0.15 else "Principal"] = self.chance.choice(
                PRINCIPALS
            )
        if not self.trust or self.chance.random() < 0.5:
            key = "NotResource" if self.resources and self.chance.random() < 0.15 else "Resource"
            one[key] = self.some(self.resource)
        condition = self.condition()
        if condition:
            one["Condition"] = condition
        return one

    def some(self, make: Any, most: int = 3) -> Any:
        """One thing, or a list of a few."""
        listed = [make() for _ in range(self.chance.choice(range(1, most + 1)))]
        return listed[0] if len(listed) == 1 and self.chance.random() < 0.5 else listed

    def word(self, letters: str = "aabb*?", longest: int = 3) -> str:
        """A word of letters and wildcards."""
        return "".join(self.chance.choice(letters) for _ in range(self.chance.randint(1, longest)))

    def action(self) -> str:
        """An action string."""
        if self.chance.random() < 0.04:
            return self.chance.choice(("*", "s*:a*", "?:b*", "*:*"))
        name = self.word() if self.chance.random() < 0.8 else self.word("ab")
        action = f"{self.chance.choice(SERVICES)}:{name}"
        return action.upper() if self.chance.random() < 0.1 else action

    def resource(self) -> str:
        """A resource pattern."""
        if not self.resources or self.chance.random() < 0.2:
            return "*"
        if self.variables and self.chance.random() < 0.4:
            return BASE + "${aws:username}" + self.chance.choice(("", "*", "b"))
        return BASE + self.word("aabb*?A" if self.chance.random() < 0.1 else "aabb*?")

    def condition(self) -> Policy:
        """A Condition block over the keys of this pair."""
        made: Policy = {}
        for key in self.keys:
            if self.chance.random() < 0.6:
                operator, values = self.entry(KINDS[key])
                spelt = key.upper() if self.chance.random() < 0.1 else key
                made.setdefault(operator, {})[spelt] = values
                if operator != "Null" and self.chance.random() < 0.1:
                    made.setdefault("Null", {})[key] = self.chance.choice(("true", "false", True))
        return made

    def entry(self, kind: str) -> tuple[str, Any]:
        """An operator with values for a kind of key."""
        if self.chance.random() < 0.12:
            return "Null", self.chance.choice(("true", "false", ["false"]))
        operator = self.chance.choice(OPERATORS[kind])
        if kind == "number" and self.chance.random() < 0.08:
            operator = "StringEquals"  # a key read in two ways
        if self.chance.random() < (0.05 if kind == "several" else 0.2):
            operator += "IfExists"
        if kind == "string":
            letters = "aabb*?" if "Like" in operator else "aabA"
            if self.variables and self.chance.random() < 0.2 and "IgnoreCase" not in operator:
                return operator, "${aws:username}"
            return operator, self.some(lambda: self.word(letters, 2))
        return operator, self.some(lambda: self.chance.choice(VALUES[kind]))

    def edit(self, document: Policy) -> None:
        """Change one thing in place."""
        statements = document["Statement"]
        one = self.chance.choice(statements)
        what = self.chance.randrange(9)
        if what == 0:
            statements.append(self.statement())
        elif what == 1 and len(statements) > 1:
            statements.remove(one)
        elif what == 2:
            statements.append({**copy.deepcopy(one), "Effect": self.chance.choice(("Allow", "Deny"))})
        elif what in (3, 4):
            self.edit_list(one, "Action" if "Action" in one else "NotAction", self.action)
        elif what == 5 and ("Resource" in one or "NotResource" in one):
            self.edit_list(one, "Resource" if "Resource" in one else "NotResource", self.resource)
        elif what == 6:
            one.pop("Condition", None)
        elif what == 7:
            one["Condition"] = self.condition()
        else:
            self.edit_condition(one)

    def edit_list(self, one: Policy, key: str, make: Any) -> None:
        """Add to a list, take from it, or put something else in its place."""
        listed = one[key] if isinstance(one[key], list) else [one[key]]
        what = self.chance.randrange(3)
        if what == 0 or len(listed) == 1:
            listed = [*listed, make()]
        elif what == 1:
            listed = listed[:-1]
        else:
            listed = [*listed[:-1], make()]
        one[key] = listed

    def edit_condition(self, one: Policy) -> None:
        """Another operator, or other values, for one of the keys that stand in it."""
        condition = one.get("Condition")
        if not condition:
            one["Condition"] = self.condition()
            return
        operator = self.chance.choice(sorted(condition))
        key = self.chance.choice(sorted(condition[operator]))
        kind = KINDS[key.lower()]
        other, values = self.entry(kind)
        if self.chance.random() < 0.5 and operator != "Null" and other != "Null":
            condition[operator] = {**condition[operator], key: values}
        else:
            one["Condition"] = {other: {key: values}}


def pair(seed: int) -> tuple[Policy, Policy]:
    """The pair of a seed: the same one for ever."""
    return Maker(random.Random(seed)).pair()
