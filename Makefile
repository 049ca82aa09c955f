# The two commands are `make train` and `make test`. Each makes .venv with the system's python3,
# installs what it needs there, and does its job; a second run starts at once.

PYTHON ?= python3
BIN = .venv/bin

.PHONY: train test lint types parity check lines clean

train: .venv/plot
	$(BIN)/python -m nn train digits

test: .venv/test
	$(BIN)/python -m pytest

lint: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/dev
	$(BIN)/mypy

parity: .venv/test .venv/compare  ## the comparisons with PyTorch, which `make test` skips without it
	$(BIN)/python -c "import torch"
	$(BIN)/python -m pytest tests/parity

check: test lint types parity

lines: .venv/plot  ## lines of code by file, without docstrings and comments
	$(BIN)/python benchmarks/lines.py

clean:
	rm -rf .venv build *.egg-info runs

# A file in .venv for each extra that was installed there, as old as the installation.
.venv/%: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[$*]"
	@touch $@

.venv/bin/python:
	$(PYTHON) -m venv .venv
