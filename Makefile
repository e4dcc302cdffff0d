# Every task of the project. `make` alone lists them.
.DEFAULT_GOAL := help
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
# Tests start hundreds of Python processes; without byte code each compiles the package again.
unexport PYTHONDONTWRITEBYTECODE

PYTHON ?= python3
LAYOUT ?= overlays
BIN := .venv/bin
READY := .venv/ready
UV_COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header
# As many workers as cores for what computes; one more where tests wait for other processes.
WORKERS ?= 2
WAITING_WORKERS ?= 3

# uv installs in a fifth of pip's time, but reads no pip.conf: where packages come by that, pip does it.
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --requirement

TEST_STEPS := parts lint test-all
# Coverage takes two thirds more of the time of what it measures: CI does it, and fails below 90 %.
COVERAGE := $(if $(filter true,$(CI)),--cov --cov-report=term --cov-fail-under=90)

.PHONY: help demo parts test test-cold test-unit test-integration test-e2e lint audit bench docs lock
.PHONY: mutation pictures test-properties test-gate-orders test-image up down clean

help: ## list the tasks
	@awk -F ':.*## ' '/^[a-z][a-z0-9-]*:.*## / {printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(READY) ## from `init` over a pushed tag to production, and back from a bad version (LAYOUT=classic|overlays, ENGINE=push|flux, KEEP=1, VERBOSE=1)
	@$(BIN)/python -m testbed.demo $(LAYOUT)

parts: $(READY) ## build what tests and demo stand on, once a machine (PARTS="helm flux": only these)
	@$(BIN)/python -m testbed.parts $(PARTS)

# One step after the other, whatever -j says; `parts` is up to date for those that come after it.
test: $(READY) ## everything: parts, linters, all tests; in CI the coverage gate
	@times=(); old=; for step in $(TEST_STEPS); do \
	  printf '\n== make %s\n' $$step; began=$$SECONDS; \
	  $(MAKE) --no-print-directory $$old $$step; \
	  times+=("$$step: $$((SECONDS - began)) s"); old=--assume-old=parts; \
	done; printf '\n== make test\n'; printf '%s\n' "$${times[@]}"

test-cold: ## the same in a fresh clone with an empty HOME and empty caches: half an hour to an hour, before a release
	@.ci/test-cold

# The end-to-end tests are the one more that waits: some tests limit how long something may take.
.PHONY: test-all test-suite
test-all: parts
	@WAITING_WORKERS=$(WORKERS) $(BIN)/python -m testbed.beside test-suite test-e2e

test-suite: parts
	$(BIN)/pytest tests/unit tests/integration -n $(WAITING_WORKERS) --dist worksteal $(COVERAGE)

test-unit: $(READY) ## the pure core: a minute
	$(BIN)/pytest tests/unit -n $(WORKERS)

test-properties: $(READY) ## the same, each property with its full number of examples: two minutes
	$(BIN)/pytest tests/unit -n $(WORKERS) --hypothesis-profile thorough

test-integration: parts ## adapters against the real parts of the test bed
	$(BIN)/pytest tests/integration -n $(WAITING_WORKERS) --dist worksteal

test-gate-orders: $(READY) ## the gate under 300 random orders of events on the GitHub double: half an hour (EXAMPLES=50)
	ANY_ORDER_EXAMPLES=$(or $(EXAMPLES),300) $(BIN)/pytest tests/integration/test_gate_orders.py \
	  -n 0 --timeout 0

test-e2e: parts ## the container and the workflows (needs Docker, or root to start it)
	$(BIN)/pytest tests/e2e -n 0

test-image: $(READY) ## the container's tests on an image that is there already (ACTION_IMAGE=NAME@sha256:…)
	@$(BIN)/python -m testbed.parts github-descriptions registry
	docker pull --quiet $(ACTION_IMAGE)
	$(BIN)/pytest tests/e2e/test_container_image.py tests/e2e/test_container_run.py -n 0

lint: $(READY) ## format, lint, types, layers, workflows, Dockerfiles, scripts, lock files
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m testbed.lint

audit: $(READY) ## look for known vulnerabilities in the locked packages
	@for lock in runtime dev; do \
	  if ! $(BIN)/pip-audit --strict --disable-pip --require-hashes --requirement requirements/$$lock.txt; then \
	    echo "requirements/$$lock.txt: not clean, or the advisory service could not be reached (see above)" >&2; \
	    exit 1; \
	  fi; \
	done

bench: $(READY) ## measure against the peers, as ratios (ROW=bump|discovery|…)
	$(BIN)/python -m benchmarks $(ROW)

mutation: $(READY) ## which changes to the rules of trust no test detects (SHARD=1/4, ONLY=is_local)
	$(BIN)/python -m tests.mutate --shard $(or $(SHARD),1/1) $(ONLY)

docs: $(READY) ## write the generated parts: action.yml, README, docs, JSON Schema
	$(BIN)/python docs/generate.py

pictures: $(READY) ## take the pictures of the documents from the real views and the demo (needs Chromium)
	$(BIN)/python docs/pictures.py

lock: $(READY) ## renew the lock files within the ranges of pyproject.toml
	$(UV_COMPILE) --upgrade pyproject.toml --output-file requirements/runtime.txt
	$(UV_COMPILE) --upgrade --extra dev --constraint requirements/runtime.txt pyproject.toml \
	  --output-file requirements/dev.txt

up: $(READY) ## start the test bed (GitHub double, registry, Docker) and leave it running
	@$(BIN)/python -m testbed up

down: $(READY) ## stop what `make up` started
	@$(BIN)/python -m testbed down

clean: ## remove what tests and demo have built and cached for all clones, images included
	@if [ -x $(BIN)/python ]; then $(BIN)/python -m testbed clean; fi
	rm -rf .cache .coverage .mypy_cache .ruff_cache .import_linter_cache .hypothesis

$(READY): requirements/dev.txt pyproject.toml
	@echo "Setting up .venv from requirements/dev.txt"
	@[ -x $(BIN)/python ] || $(PYTHON) -m venv .venv
	@awk '/^uv==/ {found = 1} found {print} found && !/\\$$/ {exit}' requirements/dev.txt >.venv/uv.txt
	@$(PIP_INSTALL) .venv/uv.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --require-hashes \
	    --requirement requirements/dev.txt \
	  || $(PIP_INSTALL) requirements/dev.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch $@
