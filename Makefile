# Needs Python 3.11 or newer and make; everything else is installed into .venv from hash-locked requirements.
# The scripts and fonts of the pages need npm as well; without it, pages have no scripts, and no wheel is built.

PYTHON ?= python3
BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest
SITE := .venv-docs/bin
HATCHLING := .venv-build/bin/python -m hatchling build --target sdist --target wheel
PIP_OF_BUILD := .venv-build/bin/python -m pip --disable-pip-version-check --quiet
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# What the client library requires is locked; itself, it is installed from the checkout, because pip has no hash of a folder.
LOCK := $(BIN)/uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-emit-package promptuary-client

SCRIPTS := src/promptuary/web/static/build/manifest.json

# Python compiles what it loads only once, as in an installed wheel; if this is set, each server that starts would do so again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run test test-system frontend frontend-types screenshots bench bench-clients lint docs docs-serve soak check format lock \
  build build-client clean

## Show this list.
help:
	@awk '/^## / { if (!text) text = substr($$0, 4) } /^#/ { next } \
	  /^[a-z][a-z-]*:/ && text { printf "  make %-14s %s\n", substr($$1, 1, index($$1, ":") - 1), text } { text = "" }' $(MAKEFILE_LIST)

## Start the server on 127.0.0.1:8000. ARGS passes options on: make run ARGS="--port 9000"
run: .venv/run-is-installed
	@$(MAKE) --silent --no-print-directory frontend || echo "The scripts of the pages could not be built. Pages work without them."
	@exec $(BIN)/promptuary serve $(ARGS)

## Run the tests that need one process only, on both databases. Some: make test T=tests/api/test_labels.py
# T is one path or several, of tests/system and clients/python/tests, too; they run without workers, which take seconds to start.
# ARGS passes options on: make test ARGS="-k labels"
test: .venv/dev-is-installed frontend
	$(PYTEST) $(if $(T),-n 0 $(T),--ignore=tests/system --durations=15 tests) $(ARGS)

## Run the tests with real servers, browsers, commands and client libraries.
# They wait more than they work, so there are more workers than cores.
test-system: .venv/dev-is-installed .venv-recipes/is-installed .venv-recipes-llama-index/is-installed frontend
	$(PYTEST) -n $$((2 * $$(getconf _NPROCESSORS_ONLN))) --maxprocesses=16 --durations=15 tests/system clients/python/tests $(ARGS)

## Build the scripts and fonts of the pages, if npm is installed.
frontend:
	@if command -v npm >/dev/null; then $(MAKE) --silent --no-print-directory $(SCRIPTS); \
	  else echo "npm is not installed, so pages have no scripts and use system fonts."; fi

## Retake the screenshots of README.md and docs/guide.md; needs Chromium and npm.
screenshots: .venv/dev-is-installed frontend
	$(BIN)/python tests/screenshots.py docs/images

## Measure speed, beside nginx and other registries; needs wrk and nginx.
## Writes docs/performance.md, its plot and bench/results.json.
## ARGS chooses: make bench ARGS="fetch busy --quick"
bench: .venv/dev-is-installed
	PYTHONPATH=tests $(BIN)/python -m bench $(ARGS)

## Measure what client libraries do under fault, beside posthog and langfuse. Writes docs/clients-under-fault.md.
bench-clients: .venv/dev-is-installed
	PYTHONPATH=tests $(BIN)/python -m bench.clients $(ARGS)

## Check format, lint, types, layers and words.
lint: .venv/dev-is-installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/python clients/python/generate_sync.py --check
	$(BIN)/mypy
	$(BIN)/mypy --platform win32 --cache-dir .mypy_cache/windows clients/python/src \
	  $(addprefix src/promptuary/,cli differences exports files model remote sync)
	$(BIN)/lint-imports
	$(BIN)/python -m prose
	@if command -v npm >/dev/null; then $(MAKE) --silent --no-print-directory frontend-types; fi

## Build the documentation as a site into build/site.
docs: .venv/dev-is-installed .venv-docs/is-installed
	$(BIN)/python -m docsite build
	NO_COLOR=1 $(SITE)/zensical build --strict --config-file build/zensical.toml

## Show the site on 127.0.0.1:8001. To see a change: make docs, and browsers reload the page.
docs-serve: docs
	$(SITE)/zensical serve --config-file build/zensical.toml --dev-addr 127.0.0.1:8001

## Hunt for stale answers for a minute each.
soak: .venv/dev-is-installed
	SOAK_SECONDS=60 $(PYTEST) -n 1 tests/system/delivery/test_workers.py

## Run all that CI runs: lint, docs and all tests.
check: lint docs test test-system

## Format the code.
format: .venv/dev-is-installed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/python clients/python/generate_sync.py

## Renew the locked requirements, at the newest versions that pyproject.toml allows.
lock: .venv/dev-is-installed
	$(LOCK) pyproject.toml --extra server --extra mcp --group build -o requirements/run.txt
	$(LOCK) pyproject.toml --extra server --extra mcp --group build --group dev -c requirements/run.txt -o requirements/dev.txt
	$(LOCK) --group build -c requirements/run.txt -o requirements/build.txt
	$(LOCK) pyproject.toml --extra server --extra mcp --extra otel --extra redis --extra valkey -c requirements/dev.txt \
	  -o requirements/container.txt
	$(LOCK) --group docs -o requirements/docs.txt
	$(LOCK) --group recipes -o requirements/recipes.txt
	$(LOCK) --group recipes-llama-index -o requirements/recipes-llama-index.txt

## Build the wheels and source archives of Promptuary and of the client library into dist/, with their SHA-256. Needs npm.
build: build-client
	@command -v npm >/dev/null || { echo "The wheel has the scripts of the pages, and npm, which builds them, is not installed."; exit 1; }
	@$(MAKE) --silent --no-print-directory $(SCRIPTS)
	$(HATCHLING) --directory dist
	@cd dist && sha256sum *.whl *.tar.gz > SHA256SUMS && cat SHA256SUMS

## Build the wheel and the source archive of the client library into dist/.
build-client: .venv-build/is-installed
	cd clients/python && ../../$(HATCHLING) --directory ../../dist

## Remove everything that was installed or built.
clean:
	rm -rf frontend/node_modules frontend/unfinished src/promptuary/web/static/build
	rm -rf .venv .venv-build .venv-docs .venv-recipes .venv-recipes-llama-index build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Promptuary needs Python 3.11 or newer. Set one: make PYTHON=/path/to/python3"; exit 1; }
	$(PYTHON) -m venv .venv

# What builds wheels, and nothing else.
.venv-build/is-installed: requirements/build.txt | .venv-build/bin/python
	$(PIP_OF_BUILD) install --require-hashes -r $<
	@touch $@

.venv-build/bin/python:
	$(PYTHON) -m venv .venv-build

.venv/run-is-installed: requirements/run.txt pyproject.toml clients/python/pyproject.toml | .venv/bin/python
	@echo "Installing Promptuary into .venv ..."
	$(PIP) install --require-hashes -r requirements/run.txt
	$(PIP) install --no-deps --no-build-isolation -e clients/python -e .
	@touch $@

.venv/dev-is-installed: requirements/dev.txt .venv/run-is-installed
	@echo "Installing the development tools into .venv ..."
	$(PIP) install --require-hashes -r requirements/dev.txt
	@touch $@

# An environment of its own: what builds the site and what the server runs on need not agree on anything.
.venv-docs/is-installed: requirements/docs.txt | .venv/bin/python
	@echo "Installing what builds the site into .venv-docs ..."
	$(BIN)/python -m venv --clear .venv-docs
	$(SITE)/python -m pip --disable-pip-version-check --quiet install --require-hashes -r requirements/docs.txt
	@touch $@

# The packages of the recipes are larger than the server and all its tools together, and LlamaIndex needs another openai than the rest.
.venv-recipes/is-installed .venv-recipes-llama-index/is-installed: .venv-%/is-installed: requirements/%.txt | .venv/dev-is-installed
	@echo "Installing the packages of the recipes into .venv-$* ..."
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python .venv-$*
	@$(BIN)/uv pip install --quiet --require-hashes --python .venv-$*/bin/python -r $<
	@touch $@

# npm updates this file with each installation.
frontend/node_modules/.package-lock.json: frontend/package.json frontend/package-lock.json frontend/.npmrc
	@echo "Installing what the scripts of the pages are made of ..."
	@cd frontend && npm ci --silent
	@touch $@

$(SCRIPTS): frontend/node_modules/.package-lock.json frontend/build.mjs frontend/tsconfig.json $(wildcard frontend/src/*.ts)
	@cd frontend && npm run --silent check && npm run --silent build
	@echo "Built the scripts of the pages."

frontend-types: frontend/node_modules/.package-lock.json
	@cd frontend && npm run --silent check
