# make demo: train on a bundled data set.  make test: the quick suite.  make check: everything CI runs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/installed
# Test files are shared out among as many processes as there are cores; each computes in one thread.
WORKERS ?= auto
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --maxprocesses 8 --dist loadfile

.PHONY: demo test test-slow check lint types rooms bench bench-environments bench-doctor clean

demo: $(INSTALLED)
	$(BIN)/backlight train sklearn:digits --out runs/demo-digits-$$(date +%Y%m%d-%H%M%S)

test: $(INSTALLED)
	$(PYTEST)

test-slow: $(INSTALLED)
	$(PYTEST) -m slow

check: lint types rooms test

lint: $(INSTALLED)
	$(BIN)/ruff format --check src tests benchmarks
	$(BIN)/ruff check src tests benchmarks

types: $(INSTALLED)
	$(BIN)/mypy

rooms: $(INSTALLED)
	$(BIN)/lint-imports

bench: $(INSTALLED)
	$(BIN)/python -m benchmarks.engine -o bench-engine.md

# Lightning, Keras and skorch beside PyTorch, and JAX apart: what `make bench` compares with where they are there.
bench-environments:
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python -m pip install --quiet -c constraints.txt torch
	.venv-bench/bin/python -m pip install --quiet -c constraints.txt -e '.[bench]'
	$(PYTHON) -m venv .venv-jax
	.venv-jax/bin/python -m pip install --quiet jax optax

bench-doctor: $(INSTALLED)
	$(BIN)/python -m benchmarks.faults

# PyTorch first and pinned: a bare `pip install torch` may pull gigabytes of CUDA libraries.
$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -c constraints.txt torch
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) build .pytest_cache .mypy_cache .ruff_cache
