# Each target goes from nothing to done, and may be repeated.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# torch stands on every install line that could pull it in, so that its build is the one that constraints.txt names
TORCH := torch==2.13.0
INSTALL := $(BIN)/python -m pip install --quiet --constraint constraints.txt $(TORCH)

.PHONY: demo test lint types pytest clean

demo: $(VENV)/installed ## compare the four losses of the course report on digits, and print where the report is
	$(BIN)/lossbench run

test: lint types pytest ## all that has to pass before a commit

lint: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/installed-dev
	$(BIN)/mypy

pytest: $(VENV)/installed-dev
	$(BIN)/pytest -n 2 --dist worksteal

$(VENV)/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) --editable .
	touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(INSTALL) --editable '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache
