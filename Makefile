# Each target goes from nothing to done, and may be repeated.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
BENCH := .venv-bench
# torch stands on every install line that could pull it in, so that its build is the one that constraints.txt names
TORCH := torch==2.13.0
INSTALL := python -m pip install --quiet --constraint constraints.txt $(TORCH)
DATA ?= cifar10
TORTURE := tests/faults tests/hostile tests/spec tests/store/test_store_properties.py tests/test_malformed_studies.py tests/cli/test_cli_hostile.py
OPTIONS ?=

.PHONY: demo test lint types pytest docs gallery torture bench simulate clean

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

docs: $(VENV)/installed-dev ## the documentation site in site/, without a warning, a dead link, or another host that a page asks
	$(BIN)/python -m tools.docs $(OPTIONS)

gallery: $(VENV)/installed ## a few small studies and their reports, in gallery/; about a minute
	$(BIN)/python -m tools.gallery $(OPTIONS)

torture: $(VENV)/installed-dev ## the fault tests in their long forms: a hundred kills, thousands of damaged files; about an hour
	$(BIN)/pytest -n 2 --dist worksteal --long $(TORTURE) $(OPTIONS)

bench: $(BENCH)/installed ## lossbench beside other ways to train; DATA= names the data set, OPTIONS= adds to the command
	$(BENCH)/bin/python -m benchmarks --data $(DATA) $(OPTIONS)

simulate: $(VENV)/installed-dev ## whether the statistical protocol keeps its promises, on made-up studies; OPTIONS= adds to the command
	$(BIN)/python -m benchmarks.simulation $(OPTIONS)

$(VENV)/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/$(INSTALL) --editable .
	touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(BIN)/$(INSTALL) --editable '.[dev]'
	touch $@

$(BENCH)/installed: pyproject.toml constraints.txt benchmarks/requirements.txt
	$(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/$(INSTALL) --requirement benchmarks/requirements.txt --editable .
	touch $@

clean:
	rm -rf $(VENV) $(BENCH) build dist site gallery .mypy_cache .ruff_cache .pytest_cache
