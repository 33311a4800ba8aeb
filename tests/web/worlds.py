"""The small world of the whole story's tests, with a catalogue of a few actions and one renderer for all of its pages."""

from dataclasses import replace
from pathlib import Path

from tests.support.fake_catalogue import FakeCatalogue
from tests.support.world import World, make_world
from tracker.changelog.render import Renderer


def web_world(folder: Path) -> World:
    """A tracker in `folder`, whose templates are read once."""
    world, catalogue = make_world(folder), FakeCatalogue()
    renderer = Renderer(catalogue)
    return replace(
        world, tracker=replace(world.tracker, catalogue=lambda: catalogue, renderer=lambda: renderer)
    )
