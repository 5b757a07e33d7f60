# The door to the project: `make` lists what there is to do.
# Needs Python 3.11 or newer with venv and pip; everything else is fetched at the versions pinned, by hash, in the lock files.

PYTHON ?= python3
UV     ?= uv
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check
STAMPS := $(VENV)/.stamps

# Folders of Python beside src and tests, as far as they exist.
TYPED  := src tests $(wildcard bench tools docs/conf.py)

# One lock for every Python from the oldest supported one on, whichever runs here; `make lock` stands in its header
# because the command as typed could name a machine's folders.
COMPILE = $(UV) pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --quiet \
  --custom-compile-command "make lock" $(if $(UPGRADE),--upgrade)

# The Debian whose Slurm `make test-later-slurm` runs on, and a few tests that reach into everything.
SUITE ?= trixie
LATER_QUICK = tests/slurm/test_cluster.py tests/slurm/test_later.py tests/slurm/test_rest.py tests/slurm/test_setup.py

# Byte code is kept: a start without it takes seconds.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run serve test test-all check format docs bench bench-speed bench-pools bench-harvest bench-live bench-finance bench-market lock clean bench-slurm demo-slurm bench-console test-later-slurm

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(STAMPS)/run ## backtest the example fleet (installs what it needs into .venv first)
	$(BIN)/tidegate backtest examples/three-tiers.toml

serve: $(STAMPS)/run ## the running system with its console, on the example fleet at 600 times real time
	$(BIN)/tidegate serve --demo

test: $(STAMPS)/dev ## all tests but the slow ones
	@tools/get-chromium
	@tools/get-postgres
	@tools/get-slurm
	$(BIN)/pytest -m "not slow" -n auto --dist loadfile

test-all: $(STAMPS)/dev ## all tests, the slow ones too
	@tools/get-chromium
	@tools/get-postgres
	@tools/get-slurm
	$(BIN)/pytest

test-later-slurm: $(STAMPS)/dev ## the tests on a real cluster, with the Slurm of a later Debian (root; SUITE=sid for the newest; QUICK=1 for a few)
	@tools/get-later-slurm $(SUITE)
	tools/in-later-slurm $(SUITE) pytest $(if $(QUICK),$(LATER_QUICK),-m "not slow" tests/slurm)

check: $(STAMPS)/dev ## format, lint, types, layers, locks and docs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy $(TYPED)
	$(BIN)/lint-imports --no-logo
	$(BIN)/python tools/check_locks.py
	$(BIN)/pytest -q tests/test_docs.py
	$(BIN)/sphinx-build -W --keep-going -q -b html docs docs/_build/html

format: $(STAMPS)/dev ## format the code and mend what the linter can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(STAMPS)/dev ## build the documentation; a warning is a failure
	$(BIN)/sphinx-build -W --keep-going -b html docs docs/_build/html
	@echo "Open docs/_build/html/index.html"

bench: bench-speed bench-pools bench-harvest bench-live bench-finance bench-market bench-console ## every benchmark

bench-speed: $(STAMPS)/dev ## how fast a backtest replays a log, beside its peers
	$(BIN)/python bench/speed.py

bench-finance: $(STAMPS)/dev ## how fast a fleet goes through ten thousand paths of ten years
	$(BIN)/python -m bench.finance

bench-pools: $(STAMPS)/dev ## how long a thousand pools take to observe and to decide
	$(BIN)/python -m bench.pools

bench-harvest: $(STAMPS)/dev ## how much of the idle tide is harvested; QUICK=1 takes one seed instead of five
	$(BIN)/python -m bench.harvest $(if $(QUICK),--quick)

bench-market: $(STAMPS)/dev ## how fast the market model plays 10,000 futures; QUICK=1 takes 500
	$(BIN)/python -m bench.market $(if $(QUICK),--draws 500)

bench-slurm: $(STAMPS)/dev ## how fast leases move on a real Slurm of 256 nodes (root; installs Slurm where it can)
	@tools/get-slurm
	$(BIN)/python -m bench.slurm
	$(BIN)/python -m bench.slurm_backlog

demo-slurm: $(STAMPS)/dev ## the tide on a real Slurm: bursts, leases, recalls with notices, in the console
	@tools/get-slurm
	$(BIN)/python -m bench.slurm_demo

bench-console: $(STAMPS)/dev ## server time of the console's pages at 10,000 nodes and 2,000 leases
	$(BIN)/python bench/console.py

bench-live: $(STAMPS)/dev ## how fast the running system answers, on PostgreSQL; QUICK=1 takes seconds instead of minutes
	@tools/get-postgres
	$(BIN)/python -m bench.live $(if $(QUICK),--quick) --json bench/out/live.json

lock: ## make both lock files again (needs uv); UPGRADE=1 takes newer versions
	$(COMPILE) --group build --extra postgres -o requirements.lock
	$(COMPILE) --group build --group dev --extra postgres --extra cluster --extra bench -c requirements.lock -o requirements-dev.lock
	$(PYTHON) tools/check_locks.py

clean: ## remove what was made: .venv, caches, built docs
	rm -rf $(VENV) docs/_build build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find src tests bench tools docs -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

# What is installed, and since when. The development lock holds every version of the run lock, so it stands for both.

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; try: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)

$(STAMPS)/run: requirements.lock pyproject.toml | $(BIN)/python
	$(call install,requirements.lock)
	@touch $@

$(STAMPS)/dev: requirements-dev.lock pyproject.toml | $(BIN)/python
	$(call install,requirements-dev.lock)
	@touch $(STAMPS)/run $@

# A .venv made by another tool may lack pip.
define install
	@$(PIP) --version > /dev/null 2>&1 || $(BIN)/python -m ensurepip > /dev/null
	@echo "Installing $(1) into $(VENV) ..."
	@$(PIP) install -q --require-hashes -r $(1)
	@$(PIP) install -q --no-deps --no-build-isolation -e .
	@mkdir -p $(STAMPS)
endef
