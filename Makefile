# The two commands are `make train` and `make test`. Each makes .venv with the system's python3,
# installs what it needs there, and does its job; a second run starts at once.

PYTHON ?= python3
BIN = .venv/bin

.PHONY: train test quick lint types parity check docs course notebooks notebooks-check package \
	mutants fuzz lines bench bench-quick side-by-side twins clean

train: .venv/plot
	$(BIN)/python -m nn train digits

# One thread: NumPy's threads wait for each other in a busy loop when they share a core.
test: .venv/test
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest

quick: .venv/test  ## while working, in a minute; `make quick FILE=cumulative` what belongs to a file
	OPENBLAS_NUM_THREADS=1 $(BIN)/python tests/quick.py $(FILE)

lint: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/dev .venv/test
	$(BIN)/mypy

parity: .venv/test .venv/compare  ## the comparisons with PyTorch, which `make test` skips without it
	$(BIN)/python -c "import torch"
	OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 $(BIN)/python -m pytest tests/parity tests/benchmarks/test_side_by_side.py

check: test lint types parity docs notebooks-check package

docs: .venv/docs .venv/test  ## the documentation, as HTML in site/, which opens from disk
	$(BIN)/python docs/build/generate.py
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build
	$(BIN)/python docs/build/links.py site
	@echo site/index.html

course: .venv/notebooks  ## open the course in JupyterLab
	$(BIN)/jupyter lab notebooks/README.md

# NOTEBOOKS may say which: make notebooks NOTEBOOKS="04 11"
notebooks: .venv/notebooks  ## run the course from top to bottom, and write its outputs
	$(BIN)/python notebooks/run.py $(NOTEBOOKS)

notebooks-check: .venv/notebooks .venv/test  ## the same in a short form: does all still run, and say the same?
	$(BIN)/python notebooks/run.py --check --short $(NOTEBOOKS)
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest tests/notebooks

package: .venv/dev  ## build wheel and sdist, and use each away from the sources
	OPENBLAS_NUM_THREADS=1 $(BIN)/python .ci/package.py

# `make mutants ALL=1` tries all, which takes a night; `make mutants FILES=nn/layers/pooling` some of a file.
mutants: .venv/test  ## break the code in 150 places, and see that the tests notice
	OPENBLAS_NUM_THREADS=1 $(BIN)/python tests/mutants.py $(if $(ALL),--all) $(if $(SEED),--seed $(SEED)) $(FILES)

# PROGRAMS and SEED (of the first one) may be given: make fuzz PROGRAMS=20000 SEED=7
PROGRAMS ?= 2000
SEED ?= 0

fuzz: .venv/test .venv/compare  ## random programs, against plain arrays and PyTorch: 20 a second
	OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 PYTHONPATH=tests \
		$(BIN)/python -m fuzz --programs $(PROGRAMS) --seed $(SEED)

lines: .venv/plot  ## lines by folder and file, of code and with docstrings; the heart has a limit
	$(BIN)/python benchmarks/lines.py

# Arguments may be given: make bench BENCH="--rows mlp cnn --threads 1"; see python -m benchmarks -h
bench: .venv/bench .venv-hips/bin/autograd  ## training steps beside other libraries': 25 minutes
	$(BIN)/python -m benchmarks $(BENCH)

bench-quick: .venv/test .venv/compare  ## the same in two minutes, beside PyTorch and NumPy by hand
	$(BIN)/python -m benchmarks --quick $(BENCH)

side-by-side: .venv/test .venv/compare  ## the same training in plaingrad and PyTorch, curves over one another
	$(BIN)/python -m benchmarks.side_by_side

twins: .venv/test .venv/compare  ## one network in Python, NumPy, C++, plaingrad and PyTorch
	$(BIN)/python -m benchmarks.twins

clean:
	rm -rf .venv .venv-hips build *.egg-info runs site

# A file in .venv for each extra that was installed there, as old as the installation.
.venv/%: pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[$*]"
	@touch $@

.venv/bin/python:
	$(PYTHON) -m venv .venv

# HIPS autograd has the import name of ours, so it has an environment of its own.
.venv-hips/bin/autograd:
	$(PYTHON) -m venv .venv-hips
	.venv-hips/bin/python -m pip install --quiet --disable-pip-version-check autograd
	@touch $@
