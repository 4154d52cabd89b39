.PHONY: help demo test lint bench clean
.DEFAULT_GOAL := help
PIP := .venv/bin/pip --quiet --disable-pip-version-check install -c constraints.txt
PY := .venv/bin/python

help: ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/'

.venv/bin/python:
	@python3 -c 'import sys; sys.exit("crm_lab needs Python 3.11 or later" if sys.version_info < (3, 11) else 0)'
	@python3 -m venv .venv

.venv/.app: .venv/bin/python pyproject.toml constraints.txt
	@echo "Installing …"
	@$(PIP) -e .
	@touch $@

.venv/.dev: .venv/bin/python pyproject.toml constraints.txt
	@echo "Installing …"
	@$(PIP) -e '.[dev]'
	@touch $@ .venv/.app

demo: .venv/.app ## the demo company on http://127.0.0.1:8866
	@.venv/bin/crm-lab demo

lint: .venv/.dev ## ruff, mypy, layers, stripped notebooks
	$(PY) -m ruff check
	$(PY) -m mypy
	.venv/bin/lint-imports --no-cache
	.venv/bin/nbstripout --verify notebooks/*.ipynb

test: lint ## every test
	$(PY) -m pytest

bench: .venv/.dev ## the figures of benchmarks/README.md
	$(PY) -m benchmarks.run

clean: ## remove the virtual environment and the demo company
	rm -rf .venv var
