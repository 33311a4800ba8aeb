"""Long campaigns against the whole thing: `python -m tests.torture [NAME ...]`, seeded; `make test` runs a slice of each."""
