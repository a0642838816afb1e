# Everything runs in .venv, which is made when it is missing and left alone when it is there.
#   make lab     students: JupyterLab on your own copy of the chapters
#   make hub     a JupyterHub for a class on this machine, as root (docs/hub.md)
#   make demo    instructors: a sample class, graded, with a report
#   make check   authors: lint, types, unit tests and the chapters that you changed, in a minute or two
#   make test    everything that CI runs on a change
#   make nightly that, all cases of the long tests, and what it takes as known because nothing changed
#   make build   authors: notebooks/ -> source/, release/, solutions/
#   make book    the course as a website to read, without the answers, in book/_build/html
PYTHON ?= python3
PIP_ARGS ?=
ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_ARGS) --constraint constraints.txt

FAILED := The installation stopped; pip says why above. Check the network and the space on the disk (df -h .), then repeat the \
command: it picks up where it left off. A broken $(VENV) is made again after 'make clean'.

NO_VENV := This Python cannot make a virtual environment. On Debian and Ubuntu: sudo apt install python3-venv; elsewhere install Python \
from python.org, and name it: make PYTHON=...

.PHONY: setup lab hub hub-setup demo build book check test nightly clean

setup: $(VENV)/.installed

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "This course needs Python 3.11 or newer, and $(PYTHON) is " + sys.version.split()[0] + ". Name another: make PYTHON=python3.11 ...")'
	@echo "Making $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV) || { echo "$(NO_VENV)" >&2; exit 1; }

$(VENV)/.installed: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing the course and what it needs into $(VENV) (some minutes and 1 to 3 GB, once)"
	@$(PIP) --editable . || { echo "$(FAILED)" >&2; exit 1; }
	@touch $@

# In one go. What is never imported stays uncompiled: that halves the time; the rest is compiled here, and not by each test
# that imports it. Some files are written for other Pythons, and stay as they are.
UNUSED := /tests?/|/testing/|/pip/|/mypy|/_inductor/|/onnx/|/sympy/(physics|plotting|parsing|stats|diffgeom|vector|combinatorics|geometry|holonomic|liealgebras|crypto)
$(VENV)/.installed-test: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing the course and what the tests need into $(VENV) (some minutes and 1 to 3 GB, once)"
	@$(PIP) --no-compile --editable '.[test]' || { echo "$(FAILED)" >&2; exit 1; }
	@$(BIN)/python -m compileall -q -j 2 -x '$(UNUSED)' $(VENV)/lib || true
	@touch $(VENV)/.installed $@

# The proxy in front of the hub comes from npm, with the Node of the environment, into hub/node_modules.
$(VENV)/.installed-hub: pyproject.toml constraints.txt hub/package-lock.json | $(BIN)/python
	@echo "Installing the course and its hub into $(VENV) (some minutes and 1 to 3 GB, once)"
	@$(PIP) --editable '.[hub]' || { echo "$(FAILED)" >&2; exit 1; }
	@cd hub && PATH="$(CURDIR)/$(BIN):$$PATH" npm ci --no-audit --no-fund --loglevel=error
	@touch $(VENV)/.installed $@

hub-setup: $(VENV)/.installed-hub

hub: hub-setup
	@$(BIN)/course hub start $(ARGS)

lab: setup
	@$(BIN)/course lab $(ARGS)

demo: setup
	@$(BIN)/course demo $(ARGS)

build: setup
	@$(BIN)/course build $(ARGS)

$(VENV)/.installed-book: pyproject.toml constraints.txt | $(VENV)/.installed
	@echo "Installing what builds the book"
	@$(PIP) --editable '.[book]' || { echo "$(FAILED)" >&2; exit 1; }
	@touch $@

book: $(VENV)/.installed-book
	@$(BIN)/course book $(ARGS)

# Each step says what it is, the first that fails ends the run, and the last lines tell where the time went.
check test nightly:
	@$(PYTHON) tests/steps.py $@

clean:
	rm -rf $(VENV) demo
