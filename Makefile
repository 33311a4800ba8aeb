# Everything from a bare machine: each target makes the virtual environment itself.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
.DEFAULT_GOAL := help
.PHONY: help demo test coverage check bench prove fuzz mutants torture screenshots snapshots docs release clean

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 20

$(VENV)/.python:
	$(PYTHON) -c 'import sys; sys.exit("policy-tracker needs Python 3.11 or later; set PYTHON=python3.11" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	touch $@

$(VENV)/.demo: $(VENV)/.python requirements/demo.txt pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/demo.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/.dev: $(VENV)/.demo requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	touch $@

demo: $(VENV)/.demo ## the whole product on an embedded AWS and a local mail sink, no account needed
	$(BIN)/policy-tracker demo

test: $(VENV)/.dev ## the tests
	$(BIN)/pytest -n auto --dist worksteal $(ARGS)

coverage: $(VENV)/.dev ## the tests again, with the branches that they take counted: half as long again; fails where a pure room has a branch that none takes
	$(BIN)/pytest -n auto --dist worksteal --cov --cov-report=term:skip-covered $(ARGS)
	@for room in model policy changes changelog; do echo "tracker/$$room: $$($(BIN)/coverage report --format=total --precision=2 --include="tracker/$$room/*")%"; done
	$(BIN)/coverage report --precision=2 --fail-under=100 --include='tracker/model/*,tracker/policy/*,tracker/changes/*,tracker/changelog/*'

check: $(VENV)/.dev ## lint, format, types, bandit, what is dead, the import rule, docs in step with --help
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/bandit -q -r tracker -c pyproject.toml
	$(BIN)/python -m tests.find_dead
	$(BIN)/pytest -q -p no:randomly tests/test_house.py tests/test_docs.py

docs: $(VENV)/.dev ## write docs/commands.md anew from --help
	$(BIN)/python -m tests.write_docs

bench: $(VENV)/.dev ## the benchmarks, each a ratio against a named baseline in the same run
	$(BIN)/python -m benchmarks

prove: $(VENV)/.dev ## the comparison against an independent oracle, whole campaign
	$(BIN)/python -m tests.prove

fuzz: $(VENV)/.dev ## every parser of foreign input, 100,000 wrong inputs each (most of an hour)
	$(BIN)/python -m tests.fuzz $(ARGS)

mutants: $(VENV)/.dev ## small edits of policy/ and changes/, each of which a quick test must see (hours; ARGS="--share 50")
	$(BIN)/python -m tests.mutate $(ARGS)

torture: $(VENV)/.dev ## kills, faults and years against the whole thing, whole campaigns (minutes)
	$(BIN)/python -m tests.torture $(ARGS)

screenshots: $(VENV)/.dev ## the README's pictures, drawn anew by Debian's Chromium
	$(BIN)/python -m tests.make_screenshots

snapshots: $(VENV)/.dev ## make snapshots/ anew from the policy data in released moto wheels
	$(BIN)/python -m tests.make_snapshots
	$(BIN)/python -m tests.make_paths

release: $(VENV)/.dev ## the wheel, built twice and compared, its SBOM, licences and hashes, in dist/
	$(BIN)/python -m tests.make_release

clean: ## remove the virtual environment and caches
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage dist
