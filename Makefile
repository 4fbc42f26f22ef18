# `make demo` and `make test` need nothing but Python 3.11 or newer: each makes
# .venv and installs everything by itself.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# A file of tests after the other in each process, the long ones first.
PYTEST := $(BIN)/python -m pytest --numprocesses $(or $(JOBS),auto) \
  --maxprocesses 4 --dist loadfile --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: help demo bundled test test-fast lint format clean

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

$(STAMP): setup.cfg pyproject.toml
	@echo "Installing into $(VENV); this takes a minute or two"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@

# In a folder of its own, for another training may have begun meanwhile.
demo: $(STAMP) ## make the default data, train for some minutes, draw faces
	$(BIN)/python train.py --conditioning noise --preset demo \
	  --runs-dir out/demo
	$(BIN)/tfbegan generate out/demo --count 64 --seed 0 --output out/demo.png
	@echo "Look at out/demo.png"

# The generator that comes with the package, from nothing: 80 minutes on one core.
# Why it leaves out what it does is in docs/results/audio.md.
bundled: $(STAMP) ## train and pack the puppet that `tfbegan animate` shows
	$(BIN)/tfrecords-builder puppets --characters 160 --sentences 2 \
	  --out data/puppets-160
	$(BIN)/python train.py --conditioning audio+noise --data data/puppets-160 \
	  --latent-dim 48 --steps 12000 --fixed-pattern 0 --gain-db 0 \
	  --silence-share 0 --runs-dir out/bundled
	$(BIN)/tfbegan export out/bundled --compact tfbegan/bundled/puppet.keras

test: $(STAMP) ## every test
	$(PYTEST)

test-fast: $(STAMP) ## the tests that take seconds
	$(PYTEST) -m "not slow"

lint: $(STAMP) ## format, lint, types, import directions
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(STAMP) ## format and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean: ## remove the environment and the caches
	rm -rf $(VENV) .pytest_cache .ruff_cache .mypy_cache .hypothesis
