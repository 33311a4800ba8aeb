"""A policy document as values: what `parse_document` makes of JSON, with every element in one shape."""

from dataclasses import dataclass, replace

from tracker.model.change import Effect, Scope

OLD_VERSION = "2008-10-17"  # what no Version element means, too
NEW_VERSION = "2012-10-17"


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement. Exactly one of actions and not_actions is not None."""

    effect: Effect
    actions: tuple[str, ...] | None  # as written: spelling, order and repetitions kept
    not_actions: tuple[str, ...] | None  # as written
    scope: Scope  # resources, principal and condition, each sorted and without repetitions
    sid: str = ""
    index: int = 0  # its place in the document, from 0
    literal_variables: bool = False  # it holds `${`, and the document's Version takes that literally
    single: frozenset[str] = frozenset()  # elements written as one string where others write a list

    @property
    def listed(self) -> tuple[str, ...]:
        """The patterns of Action or NotAction."""
        return self.actions or self.not_actions or ()


@dataclass(frozen=True, slots=True)
class Document:
    """A policy document that was checked. Equal documents may be spelt differently: compare them by access."""

    statements: tuple[Statement, ...]
    version: str = OLD_VERSION
    id: str = ""
    single: bool = False  # Statement was one object, not a list
    role: "Role | None" = (
        None  # of a role's document, whose statements are those of its trust and inline policies
    )


@dataclass(frozen=True, slots=True)
class Role:
    """What a role is, beside its statements: tracker.policy.roles reads it."""

    arn: str
    role_id: str  # 'AROA...': another one is another role, whatever its name
    made: str  # when, '2018-04-19T18:04:06Z'
    trust: Document  # who may assume it
    attached: tuple[str, ...] = ()  # ARNs of managed policies, sorted
    inline: tuple[tuple[str, Document], ...] = ()  # (name, what it says), sorted
    boundary: str = ""  # the ARN of its permissions boundary, or empty


@dataclass(frozen=True, slots=True)
class Place:
    """A scope as one document spells it, and how its `${` is to be read."""

    scope: Scope
    literal_variables: bool = False

    @property
    def units(self) -> "tuple[Place, ...]":
        """The scope taken apart by resource; a NotResource list stays whole."""
        if self.scope.resources is None or len(self.scope.resources) == 1:
            return (self,)
        return tuple(
            placed(replace(self.scope, resources=(one,)), self.literal_variables)
            for one in self.scope.resources
        )


def placed(scope: Scope, old_version: bool) -> Place:
    """A scope in a document; a document of the old Version takes `${` literally.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
    """
    texts = [*(scope.resources or ()), *(scope.not_resources or ())]
    texts += [value for entry in scope.condition for value in entry.values]
    return Place(scope, old_version and any("${" in text for text in texts))
