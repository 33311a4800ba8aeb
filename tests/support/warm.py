"""Imported once, by the process that tests' children are forked from: what a first check reads and compiles is there then."""

import tempfile
from pathlib import Path

from tests.support.world import START, SUPPORT, allowing, make_world
from tracker import service

with tempfile.TemporaryDirectory() as folder:
    world = make_world(Path(folder))
    world.subscribe("team@example.org")
    for version, action in (("v1", "s3:ListBucket"), ("v2", "s3:GetObject")):
        world.aws.publish(SUPPORT, version, START, allowing(action))
        service.check(world.tracker, [SUPPORT])
