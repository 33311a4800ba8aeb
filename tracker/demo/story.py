"""What happens in the demo, in order, and how it is told. Every number in it is counted from what the tracker answers."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from difflib import unified_diff
from email import message_from_bytes, policy
from pathlib import Path

from tracker.changelog.findings import shown
from tracker.changelog.headline import headline
from tracker.changelog.period_headline import period_headline
from tracker.changelog.scopes import principal_texts
from tracker.changelog.wording import count, listed, number
from tracker.demo.history import POLICY, withdrawn
from tracker.demo.narrator import Narrator
from tracker.demo.stage import ROLE, Stage
from tracker.model.change import ActionChange, Attention, Change
from tracker.model.identity import VersionId
from tracker.model.instants import iso, parse_instant
from tracker.role_facts import role_facts
from tracker.service import Due, changes_of, period_of
from tracker.sources.permissions import LIST_ALL, READ_ONE, READ_ROLES

BEGIN = datetime(2021, 11, 15, 6, 17, tzinfo=UTC)  # three days after AWS made v19
DECEMBER = datetime(2021, 12, 1, tzinfo=UTC)
JANUARY = datetime(2022, 1, 1, tzinfo=UTC)
LATER = (VersionId(21), VersionId(39), VersionId(57), VersionId(59))
OLD_ALARMS = 3  # of those that stood at the first look
# https://docs.aws.amazon.com/awssupport/latest/user/using-service-linked-roles-sup.html
AWS_SAYS = "AWS's page on the role says 'resource metadata, not customer data', and that fields are redacted"
STRANGER = "arn:aws:iam::999999999999:root"
MAIL_LINES = 7
MARKDOWN_LINES = 15


class Story:
    """Tells it once, on a stage that has just been set."""

    def __init__(self, stage: Stage, narrator: Narrator) -> None:
        self.stage = stage
        self.narrator = narrator
        self.facts = withdrawn()
        self.alarming: frozenset[str] = frozenset()  # actions of v20 that set off an alarm

    def tell(self) -> None:
        """All of it, from the first look to today."""
        self.opening()
        self.november()
        self.v20_comes()
        self.v20_goes()
        self.december()
        self.narrator.tell(
            None,
            "(From here the clock leaps from version to version, as if the tracker had been off.)",
            "quiet",
        )
        for version in LATER:
            self.years_pass(version)
        self.today()
        self.the_role()
        self.ending()

    def opening(self) -> None:
        """What stands on the stage."""
        stage, say = self.stage, self.narrator.say
        say(
            "policy-tracker demo: what AWS Support may do in your account, and how you would have heard of it."
        )
        say(
            f"An embedded AWS (127.0.0.1:{stage.aws.port}, {number(stage.aws.policies)} managed policies), a mail server "
            f"(127.0.0.1:{stage.sink.port}),"
        )
        say("an empty folder and a clock that is moved. Everything else is the real thing.")
        say()

    def november(self) -> None:
        """The first look, and a month's report that finds nothing."""
        stage, tell = self.stage, self.narrator.tell
        stage.publish(self.facts.base)
        stage.subscribe()
        stage.begin()
        actions, services = stage.allowed(stage.in_force(stage.now))
        tell(
            stage.now,
            f"The daemon starts and looks: {self.facts.base} is in force, {count(actions, 'action')} in "
            f"{count(services, 'service')}. It is recorded; nobody is mailed about the past.",
        )
        list(stage.looks_until(DECEMBER + timedelta(days=1)))
        period = period_of(stage.tracker, POLICY, BEGIN, stage.now)
        tell(
            stage.now,
            f"The monthly look: {self.facts.base}, nothing new. The report: {period_headline(period)}",
        )

    def v20_comes(self) -> None:
        """AWS publishes v20; the daily look finds it; the mail arrives at the second attempt."""
        stage, facts, tell = self.stage, self.facts, self.narrator.tell
        list(stage.looks_until(facts.create_date))
        stage.publish(facts.version)
        tell(facts.create_date, f"AWS puts {facts.version} in force, and announces nothing.")
        stage.sink.refuse(1)
        before = len(stage.sink.received)
        due = stage.move(stage.tracker.plan.look.next(stage.now))
        (change,) = found(due)
        self.alarming = frozenset(
            action for item in change.attention if item.severity == "alarm" for action in item.actions
        )
        tell(stage.now, f"The daily look finds it: {headline(change)}", "loud")
        (waiting,) = stage.tracker.outbox.list(["waiting"])
        tell(None, f"The mail to {waiting.recipient} waits: {waiting.answer}.")
        arrived = stage.wait_for_mail(before + 1)
        again = len(stage.sink.received) - before
        tell(
            arrived, f"Tried again: it has arrived, {'once' if again == 1 else f'{again} times'}. It begins:"
        )
        self.narrator.quote(mail_opening(stage.sink.received[-1]))

    def v20_goes(self) -> None:
        """The same day the default is v19 again."""
        stage, facts, tell = self.stage, self.facts, self.narrator.tell
        stage.publish(facts.version, facts.base)
        (change,) = stage.check(facts.gone).changes
        gone = by_service(change.difference.actions_removed, self.alarming, stage.service_name)
        sentence = f"Somebody types `policy-tracker check`. {headline(change)} Withdrawn: {gone}."
        tell(stage.now, sentence, "loud")

    def december(self) -> None:
        """The month's report, beside what a plain diff of two months would have said."""
        stage, tell = self.stage, self.narrator.tell
        list(stage.looks_until(JANUARY + timedelta(days=1)))
        period = period_of(stage.tracker, POLICY, DECEMBER, JANUARY)
        first, last = (stage.in_force(moment).document for moment in (DECEMBER, JANUARY))
        lines = sum(1 for _ in unified_diff(first.splitlines(), last.splitlines()))
        plain = count(lines, "line") if lines else "nothing"
        tell(
            stage.now,
            f"The month's report goes out. `changelog --month 2021-12` says: {period_headline(period)} "
            f"A plain diff of the two months' documents would have said: {plain}.",
        )

    def years_pass(self, version: VersionId) -> None:
        """A later version, found at the first look after it was made."""
        stage, tell = self.stage, self.narrator.tell
        stage.publish(version)
        due = stage.move(stage.tracker.plan.look.next(stage.versions[version].create_date))
        (change,) = found(due)
        tell(stage.now, f"{version}: {headline(change)}{missed(change)}")

    def today(self) -> None:
        """What is in force at the end of the story: the alarms that came last, and some that have stood for long."""
        stage, tell = self.stage, self.narrator.tell
        snapshot, began = stage.in_force(stage.now), iso(BEGIN)
        actions, services = stage.allowed(snapshot)
        findings = shown(stage.findings())
        alarms = [item for item in findings if item.severity == "alarm"]
        tell(
            stage.now,
            f"In force today: {snapshot.version}, {count(actions, 'action')} in {count(services, 'service')}. "
            f"{count(len(findings), 'finding')} in it deserve attention, {number(len(alarms))} of them alarms "
            f"({AWS_SAYS}). The newest alarms, and some that were there at the first look:",
        )
        told = sorted(capabilities(alarms), key=lambda each: (each.since, each.consequence))
        new = [each for each in told if each.since == told[-1].since]
        old = [each for each in told if each.since == began]
        for each in (*new, *old[:OLD_ALARMS]):
            version = stage.in_force(parse_instant(each.since)).version
            since = (
                f"since {began[:10]} or before"
                if each.since == began
                else f"since {version}, {each.since[:10]}"
            )
            tell(None, f"- can {each.consequence}, {each.where}, {since}: {listed(each.actions)}", "loud")
        more = len(told) - len(new) - len(old[:OLD_ALARMS])
        tell(
            None,
            f"and {count(more, 'more kind', 'more kinds')} of alarm: `policy-tracker attention` lists them all.",
        )

    def the_role(self) -> None:
        """Who may do all of that: the role, and what is said where its trust policy names somebody else."""
        stage, tell = self.stage, self.narrator.tell
        stage.look_at_role()
        facts = role_facts(stage.tracker, ROLE)
        who = listed(who for one in facts.trust for who in principal_texts(one.scope))
        held = listed(f"{one.arn.name} {one.version}" for one in facts.attached)
        actions = sum(one.actions for one in facts.services)
        tell(
            stage.now,
            f"Who may do that? `policy-tracker role` says: {ROLE} may be assumed by {who}, has {held} attached and "
            f"{count(len(facts.inline), 'inline policy', 'inline policies') if facts.inline else 'no inline policy'}: "
            f"{count(actions, 'action')} in {count(len(facts.services), 'service')}.",
        )
        (change,) = stage.look_at_role(STRANGER).changes
        alarms = listed(item.consequence for item in change.attention if item.severity == "alarm")
        tell(
            stage.now,
            f"AWS lets nobody change it. Were it changed all the same: {headline(change)} An alarm: it can {alarms}.",
            "loud",
        )

    def last_page(self) -> Path:
        """The HTML of the newest change."""
        return self.stage.changelog(changes_of(self.stage.tracker, POLICY)[-1], "html")

    def ending(self) -> None:
        """Where everything lies, a piece of it, and what comes next."""
        stage, say = self.stage, self.narrator.say
        page = self.last_page()
        say()
        say(f"The changelogs:  {stage.home / 'changelogs' / 'index.html'}")
        say(f"The last one:    {page}")
        say(f"As Markdown:     {page.with_suffix('.md')}")
        say(f"The mails:       {stage.sink.folder} ({count(len(stage.sink.received), 'mail')})")
        say()
        for line in page.with_suffix(".md").read_text(encoding="utf-8").splitlines()[:MARKDOWN_LINES]:
            say(f"    {line}")
        say()
        say("Now yours. It needs nothing but these, and --dry-run writes nothing:")
        say(f"    {', '.join((*READ_ONE, *LIST_ALL, *READ_ROLES))}")
        say("    policy-tracker init")
        say("    policy-tracker check --dry-run")


def found(due: Due) -> Sequence[Change]:
    """The changes that a tick found."""
    return due.look.changes if due.look else ()


def missed(change: Change) -> str:
    """A sentence about the versions between the two that nobody saw, or nothing."""
    gap = sorted(change.transition.gap)
    return f" Between the two, never seen: {ranges(gap)}." if gap else ""


def ranges(versions: Sequence[VersionId]) -> str:
    """`v22 to v35 and v37`: version ids in order, those in a row as a range."""
    runs: list[list[VersionId]] = []
    for version in versions:
        if runs and version.number == runs[-1][-1].number + 1:
            runs[-1].append(version)
        else:
            runs.append([version])
    return listed(str(run[0]) if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs)


def by_service(actions: Iterable[ActionChange], alarming: Collection[str], name: Callable[[str], str]) -> str:
    """`28 of Amazon S3 (s3:getObject among them), 8 of AWS Elastic Disaster Recovery, ...`, most first."""
    groups: dict[str, list[str]] = {}
    for each in actions:
        groups.setdefault(each.service, []).append(each.action)
    told = []
    for service, names in sorted(groups.items(), key=lambda group: (-len(group[1]), group[0])):
        flagged = listed(sorted(action for action in names if action in alarming))
        told.append(f"{number(len(names))} of {name(service)}{f' ({flagged} among them)' if flagged else ''}")
    return listed(told)


@dataclass(frozen=True, slots=True)
class Capability:
    """Alarms that say the same, told as one."""

    consequence: str  # to follow 'can'
    actions: tuple[str, ...]
    where: str
    since: str  # of the action that came last


def capabilities(alarms: Iterable[Attention]) -> list[Capability]:
    """Alarms by what can be done and since when."""
    groups: dict[tuple[str, str], list[Attention]] = {}
    for item in alarms:
        groups.setdefault((item.consequence, item.since), []).append(item)
    return [
        Capability(
            consequence,
            tuple(sorted({action for item in items for action in item.actions})),
            "on every resource"
            if all(scope.everywhere for item in items for scope in item.scopes)
            else "in part",
            since,
        )
        for (consequence, since), items in groups.items()
    ]


def mail_opening(path: Path) -> list[str]:
    """From, To and Subject of a mail, and the first lines of its text."""
    message = message_from_bytes(path.read_bytes(), policy=policy.default)
    body = message.get_body(("plain",))
    text = str(body.get_content()).splitlines() if body else []
    return [f"{name}: {message[name]}" for name in ("From", "To", "Subject")] + ["", *text[:MAIL_LINES]]
