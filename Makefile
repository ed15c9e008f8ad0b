# Every target works from a fresh clone: it makes .venv, installs the tested versions, and runs.
# It needs Python 3.11 or newer, make, and a package index that pip can reach.
#
## make demo       train on the built-in phrasebook, translate, draw the attention (leaves runs/demo)
## make test       lint, types, tests, code size: what CI runs
## make test-all   the same with the slow tests and parity with outside libraries
## make lint       ruff and mypy
## make sizes      code lines per folder
## make runs       train recipes: make runs RUNS="translate/multi30k_deen" DATA=folder/of/corpora
## make setup      only make .venv

PYTHON ?= python3
WORKERS ?= 2
RUNS ?= translate/multi30k_deen translate/multi30k_deen_rnnsearch translate/multi30k_deen_fixed translate/docs_enko \
	pretrain/ko_reviews pretrain/multilingual classify/nsmc_cnn
DATA ?=

VENV := .venv
BIN := $(VENV)/bin
# Twice quiet: errors only.
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check -c constraints.txt
# One thread for each test worker: two workers with two threads each fight over two cores.
PYTEST := OMP_NUM_THREADS=1 TOKENIZERS_PARALLELISM=false $(BIN)/python -m pytest -n $(WORKERS)

.PHONY: help setup demo test test-all lint sizes runs
.DELETE_ON_ERROR:

help:
	@sed -n 's/^## //p' Makefile

setup: $(VENV)/.ready

# The stamp is younger than both lists once everything is in: a second call costs nothing. torch goes
# in first and alone, so that nothing else can ask for a newer build of it.
$(VENV)/.ready: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Regard needs Python 3.11 or newer: make PYTHON=python3.11 ..." >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) torch
	$(PIP) -e '.[dev]'
	@touch $@

$(VENV)/.ready-all: $(VENV)/.ready
	$(PIP) -e '.[dev,hf,browser]'
	@touch $@

demo: $(VENV)/.ready
	$(BIN)/regard demo

lint: $(VENV)/.ready
	$(BIN)/ruff check
	$(BIN)/mypy src

sizes: $(VENV)/.ready
	@$(BIN)/python tools/sizes.py

# In this order, also under `make -j`: what fails fastest comes first.
test: $(VENV)/.ready
	@$(MAKE) --no-print-directory lint
	$(PYTEST)
	@$(MAKE) --no-print-directory sizes

test-all: $(VENV)/.ready-all
	@$(MAKE) --no-print-directory lint
	$(PYTEST) -m ""
	@$(MAKE) --no-print-directory sizes

# A recipe's corpus is the first word of its name: translate/multi30k_deen reads $(DATA)/multi30k.
runs: $(VENV)/.ready
	@test -n "$(DATA)" || { echo "make runs: say where the corpora lie, DATA=folder" >&2; exit 2; }
	@set -e; for recipe in $(RUNS); do \
		name=$${recipe##*/}; corpus=$${name%%_*}; \
		case $$corpus in ko) corpus=mono;; nsmc) corpus=nsmc_ratings;; multilingual) corpus=.;; esac; \
		echo "== $$recipe -> runs/$$name"; \
		$(BIN)/regard train "$$recipe" data.dir="$(DATA)/$$corpus" --out "runs/$$name"; \
	done
