# One virtual environment, created on first use and updated when its requirements change.
PYTHON ?= python3
VENV ?= .venv
GROUP ?= dev
CONSTRAINTS ?= constraints.txt
BIN := $(VENV)/bin
READY := $(VENV)/.ready
SPECS ?= ../shared/specs
POSTGRES ?= postgresql://localhost/test
REDIS ?= redis://localhost/0
ANSWERS ?= 100000
SEED ?= 1
BENCH_READY := $(VENV)/.bench
PEERS := .venv-peers
PEERS_READY := $(PEERS)/.ready

COG := $(BIN)/cog -I . -p 'from docs._tools import capabilities, columns, commands, methods, results'
PAGES := README.md README.ru.md $(wildcard docs/*.md)

# pyright comes in its wheel; it looks for no newer version.
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1

.DEFAULT_GOAL := help
.PHONY: help demo demo-cluster test short fuzz check tables docs translations drift format changelog bench bench-quick clean

help: ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(READY): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --constraint $(CONSTRAINTS) --editable '.[cli]' --group $(GROUP)
	touch $@

demo: $(READY) ## read and answer simulated buyers on this machine
	$(BIN)/wbym demo

demo-cluster: $(READY) ## two workers, a reader and its standby on PostgreSQL and Redis
	$(BIN)/python -m examples.service.cluster $(POSTGRES) $(REDIS)

test: $(READY) ## the whole test suite
	$(BIN)/python -m pytest --numprocesses auto

short: $(READY) ## the tests of the core and the command line, in about a minute
	$(BIN)/python -m pytest --numprocesses auto -m 'not hypothesis and not server' tests/wbym \
		--ignore tests/wbym/cli/test_demo.py

fuzz: $(READY) ## 100,000 bad answers, then the hypothesis tests with ten times more examples
	$(BIN)/python -m tests.fuzz --answers $(ANSWERS) --seed $(SEED) --specs $(SPECS)
	$(BIN)/python -m pytest --numprocesses auto -m hypothesis --hypothesis-profile=fuzz --timeout 1800

check: $(READY) ## lint, format, types, layers, generated tables
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/python -m tests.typing
	$(BIN)/lint-imports
	$(COG) --check --diff $(PAGES)

tables: $(READY) ## write the generated tables and pictures of README and docs/
	$(COG) -r $(PAGES)
	$(BIN)/python -m docs._tools.pictures

docs: $(READY) ## build the documentation in docs/_build/html, in English and Russian
	$(BIN)/python -m docs._tools.site

translations: $(READY) ## update docs/locale from the English pages
	$(BIN)/python -m docs._tools.site --update

drift: $(READY) ## compare the SDK with the published files in SPECS
	$(BIN)/python -m tests.drift $(SPECS)

format: $(READY) ## fix and format the sources
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

changelog: $(READY) ## preview the next release in CHANGELOG
	$(BIN)/towncrier build --draft

$(BENCH_READY): $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint $(CONSTRAINTS) --group bench
	touch $@

$(PEERS_READY): benchmarks/peers.txt
	test -x $(PEERS)/bin/python || $(BIN)/python -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check --requirement benchmarks/peers.txt
	touch $@

bench: $(BENCH_READY) $(PEERS_READY) ## run all benchmarks and publish the results in docs
	$(BIN)/python -m benchmarks --publish
	$(MAKE) tables

bench-quick: $(READY) $(PEERS_READY) ## run short benchmarks without publishing
	$(BIN)/python -m benchmarks --quick

clean: ## remove the virtual environments and caches
	rm -rf .venv .venv-* .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
