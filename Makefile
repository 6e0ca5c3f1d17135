# Everything runs from .venv, which `make demo` and `make test` create and fill.
# ARGS reaches the program behind a target: make test ARGS="-k inbox", make demo ARGS="--port 9000"

PYTHON ?= python3
ARGS ?=

BIN := .venv/bin
PIP := $(BIN)/pip --disable-pip-version-check --quiet
BUILD_INPUTS := pyproject.toml hatch_build.py admin/package-lock.json admin/icons.txt
PYTHON_SOURCES := core admin plugins tests tools benchmarks hatch_build.py

.DEFAULT_GOAL := help
.PHONY: help demo test check peers bench screenshots texts format lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: .venv/installed ## Start Earful with example data
	$(BIN)/earful demo $(ARGS)

test: .venv/installed-test .venv/test-files ## Run all tests but those against real forum software
	tools/ensure_chromium.sh
	$(BIN)/pytest --numprocesses auto --dist loadfile --no-loadscope-reorder $(ARGS)

check: .venv/installed-test ## Lint, formatting, types and import rules
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

peers: .venv/installed-test ## Run the tests against real forum software
	tests/peers/wordpress_packages.sh
	tools/ensure_chromium.sh
	$(BIN)/pytest tests/peers -m peers $(ARGS)

bench: .venv/installed-test ## Run every benchmark
	@set -e; for file in benchmarks/bench_*.py; do echo "== $$file"; $(BIN)/python "$$file"; done

screenshots: .venv/installed-test ## Renew the pictures in docs/images
	tools/ensure_chromium.sh
	$(BIN)/python -m tools.screenshots

texts: .venv/installed-test ## Bring the catalogues of other languages up to date
	$(BIN)/python tools/texts.py $(ARGS)

format: .venv/installed-test ## Format the code and fix what can be fixed
	$(BIN)/ruff check --fix-only
	$(BIN)/ruff format

lock: ## Pin the newest allowed dependencies (needs uv)
	uv pip compile --quiet --upgrade $(LOCK_OPTIONS) pyproject.toml --output-file requirements.lock
	uv pip compile --quiet --upgrade $(LOCK_OPTIONS) --extra test --constraint requirements.lock \
	    pyproject.toml --output-file requirements-test.lock

# One lock file for every platform, naming no index.
LOCK_OPTIONS := --universal --python-version 3.11 --generate-hashes \
    --no-annotate --no-config --no-emit-index-url --no-header

clean: ## Remove everything that is made, the environment too
	rm -rf .venv dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	rm -rf admin/node_modules admin/earful_admin/static/vendor
	find core admin plugins tests tools -name __pycache__ -type d -exec rm -rf {} +

# The stamps below are newer than what they were made from: a second run has nothing to do.
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "Earful needs Python 3.11 or newer: make PYTHON=/path/to/python3 ..." >&2; exit 1; }
	$(PYTHON) -m venv .venv

.venv/installed: requirements.lock $(BUILD_INPUTS) | $(BIN)/python
	@echo "Installing Earful into .venv; this takes about a minute, once."
	$(PIP) install --requirement requirements.lock
	$(PIP) install --no-deps --editable .
	@touch $@

# The parser's own test files, which only its source package carries. A test skips without them.
.venv/test-files: requirements.lock | .venv/installed-test
	-$(PIP) download --no-deps --no-binary :all: --dest $@ "$$(grep -o '^feedparser==[0-9.]*' requirements.lock)"
	@mkdir -p $@ && touch $@

# What the tests install includes all that the demo needs.
.venv/installed-test: requirements-test.lock $(BUILD_INPUTS) | $(BIN)/python
	@echo "Installing Earful and its test tools into .venv; this takes about a minute, once."
	$(PIP) install --requirement requirements-test.lock
	$(PIP) install --no-deps --editable .
	@touch .venv/installed $@
