"""The small world of the whole story's tests, with a catalogue of a few actions and one renderer for all of its pages."""

from dataclasses import replace
from pathlib import Path

from tests.support.fake_catalogue import FakeCatalogue
from tests.support.world import World, make_world
from tracker.changelog.render import Renderer

_CATALOGUE = FakeCatalogue()
_RENDERER = Renderer(_CATALOGUE)  # it compiles each template once, for all tests of a process


def web_world(folder: Path) -> World:
    """A tracker in `folder`."""
    world = make_world(folder)
    return replace(
        world, tracker=replace(world.tracker, catalogue=lambda: _CATALOGUE, renderer=lambda: _RENDERER)
    )
