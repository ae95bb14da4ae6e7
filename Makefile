# make repro   set up what is needed, then draw the sample data, convert, train, evaluate and report
# make test    set up what is needed, then run all tests
# make nightly the long tests: 10,000 damaged files per format, 200 conversions killed at random moments
# make docs    build the documentation into site/, from the code and docs/; broken links are errors
# make ui      Prefect's web page for this project, until Ctrl-C
# make lint    import contracts, ruff, mypy
# make pins    compile requirements*.txt anew from pyproject.toml

SHELL := /bin/bash
PATH := $(CURDIR)/.venv/bin:$(PATH)
export PATH
# Compiled modules are kept: a step would else spend half its start-up on compiling what it imports.
unexport PYTHONPATH VIRTUAL_ENV PYTHONDONTWRITEBYTECODE

# The first of these that runs and is 3.11 or newer; override with make PYTHON=/path/to/python3.12
PYTHON ?= $(shell for python in python3.12 python3.11 python3.13 python3 python; do \
	"$$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)

.PHONY: repro test nightly docs ui lint pins clean
repro: .venv/ready-repro
	@segdata pipelines --check
	dvc repro
	@echo; echo "Report: $(CURDIR)/data/report/index.html"

test: .venv/ready-test
	pytest -n 2 --dist loadfile

nightly: .venv/ready-test
	SEGDATA_FUZZ=10000 SEGDATA_FUZZ_SEED=$$(date +%Y%m%d) pytest -n 2 tests/formats/test_fuzz.py
	python -m tests.conversion.kill_test --kills 200

docs: .venv/ready-test
	NO_MKDOCS_2_WARNING=1 mkdocs build --quiet
	@echo "Documentation: $(CURDIR)/site/index.html"

ui: .venv/ready-repro
	@python -m flows.ui || [ $$? = 130 ]

lint: .venv/ready-test
	lint-imports
	ruff check .
	ruff format --check .
	mypy

.venv/bin/uv: requirements-uv.txt
	@test -n "$(PYTHON)" || { echo "segdata needs Python 3.11 or newer with venv and pip; none was found (set PYTHON=...)" >&2; exit 2; }
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-uv.txt
	@touch $@

.venv/ready-repro: .venv/bin/uv requirements.txt pyproject.toml
	uv pip install --quiet --require-hashes -r requirements.txt
	uv pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.venv/ready-test: .venv/ready-repro requirements-dev.txt
	uv pip install --quiet --require-hashes -r requirements-dev.txt
	@touch $@

COMPILE := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate
pins: .venv/bin/uv
	$(COMPILE) --all-extras pyproject.toml --output-file requirements-all.txt $(UPGRADE)
	$(COMPILE) --extra matlab --extra flows --extra train --extra serve --extra build --constraint requirements-all.txt pyproject.toml --output-file requirements.txt
	$(COMPILE) --extra dev --extra build --constraint requirements-all.txt pyproject.toml --output-file requirements-dev.txt

clean:
	rm -rf .venv .segdata site data/shards data/plans data/checks data/runs data/evaluation data/report
