# Everything runs in .venv, which is made when it is missing and left alone when it is there.
#   make lab     students: JupyterLab on your own copy of the chapters
#   make demo    instructors: a sample class, graded, with a report
#   make test    everything that CI runs
#   make build   authors: notebooks/ -> source/, release/, solutions/
PYTHON ?= python3
PIP_ARGS ?=
ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_ARGS) --constraint constraints.txt

.PHONY: setup lab demo build test clean

setup: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "This course needs Python 3.11 or newer, and $(PYTHON) is " + sys.version.split()[0] + ". Name another: make PYTHON=python3.11 ...")'
	@test -x $(BIN)/python || { echo "Making $(VENV)"; $(PYTHON) -m venv $(VENV); }
	@echo "Installing the course and what it needs (some minutes, once)"
	@$(PIP) --editable .
	@touch $@

$(VENV)/.installed-test: $(VENV)/.installed
	@echo "Installing what the tests need"
	@$(PIP) --editable '.[test]'
	@touch $@

lab: setup
	@$(BIN)/course lab $(ARGS)

demo: setup
	@$(BIN)/course demo $(ARGS)

build: setup
	@$(BIN)/course build $(ARGS)

# Each step says what it is, and the first that fails ends the run.
test: $(VENV)/.installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/course build --check
	$(BIN)/python -m pytest -n 2 --dist loadfile tests
	$(BIN)/course accuracy
	$(BIN)/python -m pytest --nbval --nbval-current-env --nbval-cell-timeout=120 -n 2 --dist loadscope solutions

clean:
	rm -rf $(VENV) demo
