.PHONY: help demo test test-postgresql lint audit bench clean
.DEFAULT_GOAL := help
PYTHON ?= python3
PIP := .venv/bin/python -m pip --quiet --disable-pip-version-check install -c constraints.txt
PY := .venv/bin/python
SOURCES := pyproject.toml constraints.txt
# These drive no browser against a served company, so two run at a time.
APART := analysis contracts domain exchange notebooks packaging reports services store widgets
# These serve companies of their own and mostly wait; the rest drives browsers, one at a time.
WAITING := faults server
# What is run on PostgreSQL every time; test-postgresql runs all of services there.
ON_BOTH := customers history ledger merges opportunities

help: ## this list
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/^([a-z]+):.*## /  make \1\t/'

.venv/bin/python:
	@command -v $(PYTHON) >/dev/null || { echo "crm_lab needs Python 3.11 or later, and found none. Install it and try again."; exit 1; }
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(v < (3, 11) and "crm_lab needs Python 3.11 or later; $(PYTHON) is %d.%d. Name another: make PYTHON=python3.13 demo" % v[:2] or 0)'
	@$(PYTHON) -m venv .venv || { rm -rf .venv; echo "Python could not make a virtual environment; on Debian: apt-get install python3-venv"; exit 1; }

# .installed-dev implies .installed-app, so that `make demo` after `make test` starts at once.
.venv/.installed-app: $(SOURCES) | .venv/bin/python
	@echo "Installing crm_lab (about a minute the first time) …"
	@$(PIP) -e .
	@touch $@

.venv/.installed-dev: $(SOURCES) | .venv/bin/python
	@echo "Installing crm_lab and its test tools (about a minute the first time) …"
	@$(PIP) -e '.[dev]'
	@touch .venv/.installed-app $@

demo: .venv/.installed-app ## the demo company on http://127.0.0.1:8866
	@.venv/bin/crm-lab demo

lint: .venv/.installed-dev ## ruff, mypy, the layers, stripped notebooks
	$(PY) -m ruff check
	$(PY) -m mypy
	.venv/bin/lint-imports --no-cache
	.venv/bin/nbstripout --verify notebooks/*.ipynb

test: lint ## lint, then every test
	$(PY) -m pytest -n 2 --dist loadfile $(APART:%=tests/%)
	$(PY) -m pytest -n 2 --dist loadfile $(WAITING:%=tests/%)
	$(PY) -m pytest -n 2 --dist loadfile --engine postgresql $(ON_BOTH:%=tests/services/test_%.py)
	$(PY) -m pytest $(APART:%=--ignore=tests/%) $(WAITING:%=--ignore=tests/%)

test-postgresql: .venv/.installed-dev ## every test of the services, with the company in PostgreSQL
	$(PY) -m pytest -n 2 --dist loadfile --engine postgresql tests/services tests/store/test_copying.py

audit: .venv/.installed-dev ## known vulnerabilities of the pinned dependencies
	.venv/bin/pip-audit --no-deps --disable-pip --progress-spinner off -r constraints.txt

bench: .venv/.installed-dev ## the figures of benchmarks/README.md
	$(PY) -m benchmarks.run

clean: ## remove the virtual environment, caches and the demo company
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist var/demo
