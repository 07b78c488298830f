# The words of this project. Everything is made inside the folder: .venv/ (environment) and build/ (results); delete both to start anew.
# Paths are relative, so a folder with a space in its name is fine. After the first set-up nothing here needs a network.

PYTHON ?= python3
# The first pip that knows --group is 25.1.
PIP := 26.3

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

VENV := .venv
BIN := $(VENV)/bin
PY := $(BIN)/python
CLI := $(BIN)/xray-grafana
# Stamps: what is installed, as of which pyproject.toml.
RUNTIME := $(VENV)/.runtime
TOOLS := $(VENV)/.tools

CONFIG := bundle.yaml
COMMITTED := aws dashboards k8s provisioning
# The others are what these share.
BENCHES := $(filter-out alb_lines measure null_loki,$(sort $(basename $(notdir $(wildcard bench/*.py)))))

.PHONY: help bundle test check fmt render bench docs env

help: ## show these words
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 16

bundle: $(RUNTIME) ## render the example config into build/bundle
	@$(CLI) generate -c $(CONFIG) -o build/bundle

test: $(TOOLS) ## run every test, with branch coverage and its floor
	@$(BIN)/pytest --cov --numprocesses auto --dist loadfile

check: $(TOOLS) ## lint, types, direction of imports, shell scripts, rules, and whether the committed render is current
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@git ls-files -z --cached --others --exclude-standard -- .ci/run '*.sh' | xargs -0 $(BIN)/shellcheck
	@$(CLI) generate --check -c $(CONFIG) -o . $(COMMITTED)
	@$(CLI) check -c $(CONFIG)

fmt: $(TOOLS) ## format the code and mend what the linter can
	@$(BIN)/ruff check --fix-only
	@$(BIN)/ruff format

render: $(TOOLS) ## make every generated file anew: example config, its schema, its dashboards and provisioning, reference docs
	@$(CLI) init --force
	@$(CLI) generate -c $(CONFIG) -o . $(COMMITTED)
	@$(PY) docs/generate.py

bench: $(TOOLS) ## measure the figures that the README states
	@for bench in $(BENCHES); do echo "== bench.$$bench"; $(PY) -m "bench.$$bench"; done

docs: $(TOOLS) ## make the reference docs anew
	@$(PY) docs/generate.py

env: $(TOOLS)

$(RUNTIME): pyproject.toml
	@command -v "$(PYTHON)" >/dev/null || { echo "make: no $(PYTHON) here; install Python 3.11 or newer, or name one: make PYTHON=/path/to/python" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11) and "make: %s is Python %d.%d; 3.11 or newer is needed, name one: make PYTHON=/path/to/python" % ((sys.executable,) + sys.version_info[:2]))'
	@echo "setting up $(VENV), once" >&2
	@"$(PYTHON)" -m venv $(VENV)
	@$(PY) -m pip install --quiet --disable-pip-version-check pip==$(PIP)
	@$(PY) -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(TOOLS): $(RUNTIME)
	@echo "installing the test tools into $(VENV), once" >&2
	@$(PY) -m pip install --quiet --disable-pip-version-check --group dev
	@touch $@
