# make demo    sets everything up and runs the main job on a generated day
# make test    all checks and all tests
# make help    the rest
#
# Needed: Python 3.11+ with its venv module, Java 17+ and Maven; or Docker alone; or KAFKA_BOOTSTRAP in place of Java and Maven.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

# A file's tests stay together, since they share topics; faults are told from slowness by time, so they have the machine to themselves.
SIDE_BY_SIDE := -n 2 --dist loadfile

have = $(shell command -v $(1) 2>/dev/null)
# Docker stands in only where Java or Maven is missing and no cluster is named: then the whole job runs in an image that has them.
IN_DOCKER := $(if $(KAFKA_BOOTSTRAP),,$(if $(and $(call have,java),$(call have,mvn),$(call have,$(PYTHON))),,$(call have,docker)))

ifneq ($(IN_DOCKER),)

TOOLS := milepost-tools
TTY := $(shell test -t 1 && echo --tty --interactive)

.PHONY: demo test test-quick check bench
demo test test-quick check bench: image
	docker run --rm --init $(TTY) $(TOOLS) make $@

.PHONY: image
image:
	docker build --quiet --target tools --tag $(TOOLS) .

else

.PHONY: demo
demo: | broker $(READY)  ## Start a local Kafka, feed a realistic day, show it live, compare every order and verify.
	$(BIN)/milepost demo

.PHONY: test
test: | broker check  ## Everything: checks, then all tests (needs about a quarter of an hour on two cores).
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) -m "not fault and not long"
	$(BIN)/python -m pytest -m "fault and not long"

.PHONY: test-quick
test-quick: $(READY)  ## Tests that need no broker (under a minute).
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) -m "not integration and not fault and not slow and not long"

.PHONY: test-long
test-long: $(READY)  ## Minutes of fuzzing: 100,000 inputs and more a source.
	$(BIN)/python -m pytest -m long

.PHONY: check
check: $(READY)  ## Style, types, and who may import whom.
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

.PHONY: compile
compile: $(READY)  ## Compile the busiest modules (wants gcc and Python's headers): half the time of a fold.
	$(BIN)/python -m streams.compiled

.PHONY: bench
bench: | broker $(READY)  ## Measure, side by side with other engines; prints a table in Markdown.
	$(BIN)/python -m benchmarks

endif

.PHONY: lock
lock: $(READY)  ## Write both lock files after a change of pyproject.toml (UPGRADE=1: newest versions of everything).
	$(LOCK) --extra dev -o requirements-dev.lock
	$(LOCK) --constraint requirements-dev.lock -o requirements.lock
LOCK = $(BIN)/uv pip compile --quiet $(if $(UPGRADE),--upgrade) --universal --python-version 3.11 --generate-hashes pyproject.toml

.PHONY: clean
clean:  ## Stop the local Kafka and remove everything that was made here.
	if test -x $(BIN)/milepost; then $(BIN)/milepost dev down --purge; fi
	rm -rf $(VENV) .milepost build streams/compiled/built *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: help
help:  ## This list.
	@awk -F ':.*##  *' '/^[a-z-]+:.*## / {printf "make %-12s%s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): requirements-dev.lock pyproject.toml | python
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

.PHONY: python
python:
	@command -v $(PYTHON) >/dev/null || { echo "milepost needs Python 3.11 or newer: apt-get install python3 python3-venv" >&2; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "milepost needs Python 3.11 or newer, and $(PYTHON) is older: install one and name it with PYTHON=" >&2; exit 2; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
	  { echo "milepost needs Python's venv module: apt-get install python3-venv" >&2; exit 2; }

.PHONY: broker
broker:
ifeq ($(KAFKA_BOOTSTRAP),)
	@command -v java >/dev/null || \
	  { echo "milepost needs Java 17 for a local Kafka: apt-get install openjdk-17-jre-headless (or Docker, or KAFKA_BOOTSTRAP)" >&2; exit 2; }
	@command -v mvn >/dev/null || \
	  { echo "milepost needs Maven to fetch Kafka: apt-get install maven (or Docker, or KAFKA_BOOTSTRAP)" >&2; exit 2; }
endif
