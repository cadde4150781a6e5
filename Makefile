# One virtual environment, made on first use and made again when what it installs changes.
PYTHON ?= python3
VENV ?= .venv
GROUP ?= dev
CONSTRAINTS ?= constraints.txt
BIN := $(VENV)/bin
READY := $(VENV)/.ready
SPECS ?= ../shared/specs
ANSWERS ?= 100000
SEED ?= 1
PEERS := .venv-peers
PEERS_READY := $(PEERS)/.ready

# pyright stands in its wheel: neither it nor newer versions are looked for in the network.
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1

.DEFAULT_GOAL := help
.PHONY: help demo test short fuzz check drift format changelog bench bench-quick clean

help: ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(READY): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --constraint $(CONSTRAINTS) --editable '.[cli]' --group $(GROUP)
	touch $@

demo: $(READY) ## a shop's buyers read and answered against local simulators
	$(BIN)/wbym demo

test: $(READY) ## the whole test suite
	$(BIN)/python -m pytest --numprocesses auto

short: $(READY) ## the core's tests and the command line's, without examples; a minute or so
	$(BIN)/python -m pytest --numprocesses auto -m 'not hypothesis' tests/wbym \
		--ignore tests/wbym/cli/test_demo.py

fuzz: $(READY) ## 100,000 bad answers, then the tests over new examples, ten times as many
	$(BIN)/python -m tests.fuzz --answers $(ANSWERS) --seed $(SEED) --specs $(SPECS)
	$(BIN)/python -m pytest --numprocesses auto -m hypothesis --hypothesis-profile=fuzz --timeout 1800

check: $(READY) ## lint, format, types, layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/python -m tests.typing
	$(BIN)/lint-imports

drift: $(READY) ## compare the SDK with the published files in SPECS
	$(BIN)/python -m tests.drift $(SPECS)

format: $(READY) ## put the sources in shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

changelog: $(READY) ## show what CHANGELOG gets from changes/ at the next release
	$(BIN)/towncrier build --draft

$(PEERS_READY): benchmarks/peers.txt
	test -x $(PEERS)/bin/python || $(BIN)/python -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check --requirement benchmarks/peers.txt
	touch $@

bench: $(READY) $(PEERS_READY) ## measure against the bounds and others, refresh docs/benchmarks
	$(BIN)/python -m benchmarks --publish

bench-quick: $(READY) $(PEERS_READY) ## the same in short, and nothing is kept
	$(BIN)/python -m benchmarks --quick

clean: ## forget the virtual environment and caches
	rm -rf .venv .venv-* .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
