# `make demo` runs the main job, `make test` runs the tests, `make docs` builds the site.
# Each first sets up .venv and skips that when pyproject.toml and constraints.txt have not changed.

PYTHON ?= python3
VENV ?= .venv
PYTEST_ARGS ?=
# Files of tests at a time. Most of a test is compiling, which keeps one core busy.
JOBS ?= 2

# Pins matter: without them pip may fetch a far larger build of torch.
INSTALL = $(VENV)/bin/python -m pip install --disable-pip-version-check -c constraints.txt

.PHONY: demo test docs develop clean

demo: $(VENV)/.installed
	@echo "==> Running examples/franka_continue.py"
	$(VENV)/bin/python examples/franka_continue.py

test: $(VENV)/.installed-dev
	@echo "==> Running the tests"
	$(VENV)/bin/python -m pytest -n $(JOBS) --dist loadfile $(PYTEST_ARGS)

docs: $(VENV)/.installed-dev
	@echo "==> Building the site in build/site"
	rm -rf build/site
	$(VENV)/bin/python -m sphinx -W --keep-going -q -j $(JOBS) docs build/site

develop: $(VENV)/.installed-dev

clean:
	@echo "==> Removing $(VENV) and caches"
	rm -rf $(VENV) build *.egg-info .pytest_cache .ruff_cache

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' || \
	  { echo "$(PYTHON) is not CPython 3.10 to 3.13. Name one that is: make PYTHON=python3.12"; exit 1; }
	@echo "==> Creating a virtual environment in $(VENV)"
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "==> Installing genesis_state and what it needs (minutes the first time)"
	$(INSTALL) -e .
	@touch $@

$(VENV)/.installed-dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "==> Installing genesis_state, what it needs and the test tools (minutes the first time)"
	$(INSTALL) -e '.[dev]'
	@echo "==> Fetching models that others wrote, without what the code beside them needs"
	$(INSTALL) --no-deps dm_control gymnasium-robotics 'pybullet; python_version < "3.12"'
	@touch $(VENV)/.installed $@
