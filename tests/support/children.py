"""Processes that end where a test says, each forked from one that has imported what they need: a start costs milliseconds."""

import multiprocessing

CHILDREN = multiprocessing.get_context("forkserver")
CHILDREN.set_forkserver_preload(
    [
        "deepdiff",  # a check imports it late
        "tests.archive.crashing",
        "tests.importing.crashing",
        "tests.support.crash",
        "tests.support.warm",
        "tracker.importing.bring",
    ]
)
