# Needs Python 3.11 or newer and make; everything else is installed into .venv from hash-locked requirements.

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: run test soak bench lint check format lock build clean

## Set up and start the server on 127.0.0.1:8000. ARGS passes options on: make run ARGS="--port 9000"
run: .venv/run-is-installed
	@exec $(BIN)/promptuary serve $(ARGS)

## Set up and run all tests. ARGS passes options on: make test ARGS="-k labels"
test: .venv/dev-is-installed
	$(BIN)/python -m pytest $(ARGS)

## Measure fetches against nginx; needs wrk and nginx. Writes docs/performance.md.
bench: .venv/dev-is-installed
	$(BIN)/python bench/fetch.py

## Check format, lint, types and the layers.
lint: .venv/dev-is-installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

## Hunt for stale answers for a minute each.
soak: .venv/dev-is-installed
	SOAK_SECONDS=60 $(BIN)/python -m pytest -n 1 tests/delivery/test_workers.py

## All that CI runs.
check: lint test

## Format the code.
format: .venv/dev-is-installed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

## Lock the requirements anew, at the newest versions that pyproject.toml allows.
lock: .venv/dev-is-installed
	$(BIN)/uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-header \
	  pyproject.toml --group build -o requirements/run.txt
	$(BIN)/uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-header \
	  pyproject.toml --group build --group dev -c requirements/run.txt -o requirements/dev.txt

## Build the wheel into dist/.
build: .venv/dev-is-installed
	$(BIN)/uv build --quiet --no-build-isolation --python $(BIN)/python --wheel

clean:
	rm -rf .venv build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Promptuary needs Python 3.11 or newer. Set one: make PYTHON=/path/to/python3"; exit 1; }
	$(PYTHON) -m venv .venv

.venv/run-is-installed: requirements/run.txt pyproject.toml | .venv/bin/python
	@echo "Installing Promptuary into .venv ..."
	$(PIP) install --require-hashes -r requirements/run.txt
	$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

.venv/dev-is-installed: requirements/dev.txt .venv/run-is-installed
	@echo "Installing the development tools into .venv ..."
	$(PIP) install --require-hashes -r requirements/dev.txt
	@touch $@
