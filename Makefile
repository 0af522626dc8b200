VENV ?= .venv
PYTHON ?= python3
BIN := $(VENV)/bin
MARKS ?= not services and not release
READY := $(VENV)/.ready

.PHONY: run compare test test-services fuzz release-check tiny lint format notebook docs setup

run: $(READY)  # reproduce the pipeline of params.yaml and print its results
	. $(BIN)/activate && python -m stages.check && dvc repro && python -m stages.show

compare: $(READY)  # run every method on the data set of params.yaml and compare them
	. $(BIN)/activate && python -m stages.check && dvc repro stages/methods/dvc.yaml

test: $(READY)  # run the tests; MARKS="not release": those of test-services in the same session
	. $(BIN)/activate && OMP_NUM_THREADS=1 pytest --numprocesses 2 --dist loadgroup -m "$(MARKS)"

test-services: $(READY)  # run the tests with servers, a browser, DVC's queue and toys that are added
	. $(BIN)/activate && OMP_NUM_THREADS=1 pytest --numprocesses 2 --dist loadgroup -m services

fuzz: $(READY)  # try odd inputs for long: EXAMPLES=1000 of each kind
	. $(BIN)/activate && OMP_NUM_THREADS=1 EXAMPLES=$${EXAMPLES:-1000} pytest tests/fuzz

release-check: $(READY)  # check that the committed results are of the committed code
	. $(BIN)/activate && pytest -m release

tiny: $(READY)  # run the pipeline on 300 digits in a throw-away clone; BASE=main: compare with main
	. $(BIN)/activate && OMP_NUM_THREADS=1 python tests/tiny.py $(BASE)

lint: $(READY)  # check style and types
	. $(BIN)/activate && ruff check . && ruff format --check . && mypy

format: $(READY)  # format the code, and correct what ruff can
	. $(BIN)/activate && ruff check --fix . && ruff format .

notebook: $(READY)  # run docs/digits.ipynb anew, for its outputs
	. $(BIN)/activate && OMP_NUM_THREADS=1 python docs/.notebook.py

docs: $(READY)  # build the documentation in site/
	. $(BIN)/activate && NO_MKDOCS_2_WARNING=1 mkdocs build --strict

setup: $(READY)  # make the virtual environment

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed: make PYTHON=python3.12 $(MAKECMDGOALS)")'
	@echo "Setting up $(VENV): some minutes, gigabytes with CUDA"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@
