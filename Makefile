# Everything happens in .venv, from the pinned and hashed packages of requirements.lock.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# pip's own cache, index and certificates stay as the machine has them.
PIP := $(BIN)/python -m pip --disable-pip-version-check
# Debian's and Ubuntu's packages, as root or through sudo.
APT_INSTALL = as_root=$$([ "$$(id -u)" = 0 ] || echo sudo); \
  $$as_root apt-get update -qq && $$as_root apt-get install -y -qq --no-install-recommends
LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --upgrade \
  --generate-hashes --no-header --no-emit-index-url
SOURCES := amtspuls.py ingest metrics dashboard data/simulator tests

.DEFAULT_GOAL := help
.PHONY: help install install-dev install-forecast run test check format fuzz bench lock clean

help: ## what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1|/' | column -t -s '|'

run: install ## the sample city, on http://127.0.0.1:8050
	$(BIN)/amtspuls demo

test: check ## formatting, lint, types and every test
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile

check: install-dev ## formatting, lint, types
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/mypy

format: install-dev ## put every file into shape
	$(BIN)/ruff format $(SOURCES)
	$(BIN)/ruff check --fix $(SOURCES)

fuzz: install-dev ## damage the sample of every source format 100 000 times
	AMTSPULS_DAMAGES=100000 $(BIN)/python -m pytest tests/ingest/adapters/test_contract.py -k damaged

bench: install-dev ## how fast, against the plain tools, in one run
	$(BIN)/python -m tests.bench

install: $(VENV)/.installed
install-dev: $(VENV)/.installed-dev
install-forecast: $(VENV)/.installed-forecast ## the library of the desk's forecasts, too

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Amtspuls needs Python 3.11 or newer; say which: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null \
	  || { echo "Python's venv is missing; installing it"; $(APT_INSTALL) python3-venv; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: requirements.lock pyproject.toml | $(VENV)/bin/python
	$(PIP) install --quiet --require-hashes -r requirements.lock
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.installed-forecast: requirements-forecast.lock $(VENV)/.installed
	$(PIP) install --quiet --require-hashes -r requirements-forecast.lock
	@touch $@

$(VENV)/.installed-dev: requirements-dev.lock $(VENV)/.installed
	$(PIP) install --quiet --require-hashes -r requirements-dev.lock
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null \
	  || { echo "The browser tests need Chromium; installing it"; $(APT_INSTALL) chromium; }
	@touch $@

lock: $(VENV)/bin/python ## pin the newest allowed packages, with hashes, for every platform
	$(PIP) install --quiet --upgrade uv
	$(LOCK) --output-file requirements.lock pyproject.toml --group build
	$(LOCK) --output-file requirements-forecast.lock pyproject.toml --extra forecast \
	  --constraint requirements.lock
	$(LOCK) --output-file requirements-dev.lock pyproject.toml --extra forecast \
	  --group build --group dev --constraint requirements-forecast.lock

clean: ## the environment and the sample city's data
	rm -rf $(VENV) data/local/musterstadt
