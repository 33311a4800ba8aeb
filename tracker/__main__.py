"""`python -m tracker` is `policy-tracker`."""

from tracker.cli import main

main()
