# Two commands: `make up` and `make test`. Everything else is listed by `make help`.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help up test check format lock assets messages screenshots bench clean venv

PYTHON ?= python3
BIN := .venv/bin
WORKERS ?= 2
PATHS := src tests

help: ## list these targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-11s %s\n", $$1, $$2 }'

up: venv ## run IMSOP with the demo on http://127.0.0.1:8000 (IMSOP_REAL_DATA=DIR adds real data)
	@exec $(BIN)/imsop up --demo $(if $(IMSOP_REAL_DATA),--real-data "$(IMSOP_REAL_DATA)")

test: venv check ## prove everything: install, check, all tests
	$(BIN)/python -m tests.browser
	$(BIN)/pytest -n $(WORKERS)

check: venv ## format, lint, types, room boundaries, SQL
	$(BIN)/ruff format --check $(PATHS)
	$(BIN)/ruff check $(PATHS)
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/squawk src/imsop/migrations/versions/*.sql

format: venv ## rewrite the code in the house format
	$(BIN)/ruff format $(PATHS)
	$(BIN)/ruff check --fix $(PATHS)

assets: venv ## rebuild the pages' styles and scripts at every change
	@exec $(ASSETS) --watch

messages: venv ## bring the translations up to the texts of templates and code
	$(BIN)/python -m imsop.ui.catalogue

screenshots: venv ## take the pictures of README and docs anew, of the demo
	$(BIN)/python -m tests.browser
	$(BIN)/python -m tests.screenshots

bench: venv ## measure against pgbench running the same statements
	$(BIN)/imsop bench

# Every file below names versions and hashes only, so any registry can serve it.
COMPILE := $(BIN)/uv pip compile --quiet --generate-hashes --universal --python-version 3.11 \
	--no-annotate --no-header
lock: venv ## choose newest versions anew and write requirements/*.txt
	$(COMPILE) pyproject.toml --upgrade --group build --output-file requirements/run.txt
	$(COMPILE) pyproject.toml --upgrade --group build --group dev --constraints requirements/run.txt \
		--output-file requirements/dev.txt
	$(COMPILE) --group build --constraints requirements/run.txt --output-file requirements/build.txt

# uv takes a tenth of pip's time; where it cannot work (a registry known to pip alone, no home) pip does.
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation
UV := $(BIN)/uv pip install --quiet --python $(BIN)/python --no-build-isolation

# The package's build makes the pages' assets; so does a make after a change of their sources.
ASSETS := $(BIN)/python hatch_build.py

# Runs of make may overlap in a fresh clone: the first installs, the others wait for it. The stamp holds
# what was installed and where, so an unchanged lock costs a hash and a moved checkout installs again.
# Compiled here, a start takes half the time even where Python is told not to write what it compiles.
INSTALLED = $$(printf '%s\n' "$(CURDIR)" | cat - requirements/*.txt | sha256sum)
venv:
	@exec 9> .venv.lock; flock 9; \
	if [ "$$(cat .venv/installed 2>/dev/null)" != "$(INSTALLED)" ]; then \
		echo "installing from requirements/dev.txt"; \
		rm -f .venv/installed; \
		$(PYTHON) -m venv --clear .venv; \
		$(PIP) --require-hashes -r requirements/build.txt; \
		$(UV) --require-hashes --compile-bytecode -r requirements/dev.txt \
		|| { echo "uv could not, pip will"; $(PIP) --require-hashes -r requirements/dev.txt; }; \
		$(ASSETS); \
		$(UV) --no-deps -e . || $(PIP) --no-deps -e .; \
		echo "$(INSTALLED)" > .venv/installed; \
	else \
		$(ASSETS); \
	fi; \
	$(BIN)/python -m compileall -q $(PATHS)

clean: ## remove the virtual environment and caches; data in .imsop stays
	rm -rf .venv .venv.lock frontend/node_modules src/imsop/ui/dist .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
