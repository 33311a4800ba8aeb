"""The demo: the whole product against an embedded AWS and a local mail sink, no account needed (extra `demo`)."""
