# What one does with this repository; `make` alone lists it.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PYTEST := $(BIN)/python -m pytest -n 2 --dist loadgroup
DOMAIN_TESTS := tests/domain tests/scenarios
TOOL_TESTS := tests/deploy/tools
LOCK := requirements.lock
FUZZ_LOCK := fuzz.lock
MINUTES ?= 10
LOCK_HEAD := \# Every package of `make setup`, pinned, with the hashes of its files. Written by `make lock` from pyproject.toml; not edited by hand.
COMPILE_DEPLOY = $(BIN)/pip-compile -q -c $(LOCK) --generate-hashes --allow-unsafe --strip-extras --no-header \
	--no-emit-options --no-emit-index-url --no-emit-find-links --no-emit-trusted-host

MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.PHONY: help setup check lint unit test test-domain test-others faults demo bench quiet fuzz kafka deps-deploy check-deploy try-layout try-monitoring lock audit sbom clean

help: ## list what can be made
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16

setup: $(STAMP) ## install everything into .venv, exactly as locked; quick when nothing changed

$(STAMP): $(LOCK) pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "$(PYTHON) is older than Python 3.11 — install a newer one, or name it: make PYTHON=python3.12" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --only-binary :all: --require-hashes -r $(LOCK)
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

check: lint unit ## before every commit: style, types, layers, drift, tests without a broker (under 90 s)

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m schemas.generate --check
	$(BIN)/python -m detector.docs --check
	$(BIN)/python -m deploy.generate --check

unit: setup
	$(PYTEST) -q -m "not broker" --ignore=$(TOOL_TESTS)

test: setup ## every test, those on a real Kafka too, and how much of the domain its own tests reach (under 10 min)
	@$(MAKE) --keep-going test-domain test-others

test-domain: setup
	$(PYTEST) $(DOMAIN_TESTS) --cov

test-others: setup
	$(PYTEST) $(DOMAIN_TESTS:%=--ignore=%) --ignore=$(TOOL_TESTS)

faults: setup ## kills, outages, zombies, bad input: a round of each promise and a table (under 60 min); ONLY=P14 SEED=5 ROUNDS=full
	$(BIN)/python -m tests.faults $(if $(ONLY),--only $(ONLY)) $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(SEED),--seed $(SEED))

demo: setup ## see it at work: Kafka, six months of history, its alerts (80 seconds)
	@$(BIN)/detector demo

bench: setup ## events a second of one worker, where the time goes, and how large accounts become
	$(BIN)/python -m benchmarks

quiet: setup ## false alerts of 500 healthy accounts in a year, by rule, into docs/quiet.md
	$(BIN)/python -m benchmarks.quiet --write

fuzz: setup ## 20,000 random inputs, 500 lives of a worker's core, 10 min each of decoder and pack loader by coverage
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --require-hashes -r $(FUZZ_LOCK)
	$(BIN)/python -m tests.fuzz any --examples 20000
	$(BIN)/python -m tests.fuzz machine --examples 500
	$(BIN)/python -m tests.fuzz decode --minutes $(MINUTES)
	$(BIN)/python -m tests.fuzz pack --minutes $(MINUTES)

deps-deploy: setup ## install what checks deploy/: with apt where this is root, else it says what is missing
	@deploy/tools/install

check-deploy: setup ## image, compose, Kubernetes, rules, dashboards, runbooks; each tool is seen to refuse (the rest of tests/deploy is in make test)
	$(BIN)/python -m deploy.checks
	$(PYTEST) -q $(TOOL_TESTS)

try-layout: setup ## the image's layout without an engine, and a smoke test in it as its user
	$(BIN)/python -m deploy.try_layout

try-monitoring: setup ## real Prometheus and Alertmanager over live workers: a clean run, then three faults (25 min)
	$(BIN)/python -m deploy.try_monitoring

kafka: setup ## run a local Kafka until Ctrl-C
	@$(BIN)/python -m detector.localkafka

lock: setup ## resolve pyproject.toml anew into requirements.lock
	PIP_FIND_LINKS= $(BIN)/pip-compile -q --extra demo --extra dev --build-deps-for editable --generate-hashes --allow-unsafe \
		--strip-extras --no-header --no-emit-options --no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
		-o $(LOCK) pyproject.toml
	@{ echo '$(LOCK_HEAD)'; cat $(LOCK); } > $(LOCK).new && mv $(LOCK).new $(LOCK)
	$(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["fuzz"])' \
		| PIP_FIND_LINKS= $(BIN)/pip-compile -q --generate-hashes --strip-extras --no-header --no-annotate \
		--no-emit-options --no-emit-index-url --no-emit-find-links --no-emit-trusted-host -o $(FUZZ_LOCK) -
	PIP_FIND_LINKS= $(COMPILE_DEPLOY) --build-deps-for editable -o deploy/image/requirements.lock pyproject.toml
	PIP_FIND_LINKS= $(COMPILE_DEPLOY) -o deploy/tools/requirements.lock deploy/tools/requirements.in

audit: setup ## ask the advisory service about every locked package; what could not be asked is "not run"
	@$(BIN)/python -m harness.audit

sbom: setup ## what is installed, with its licences, as CycloneDX into dist/sbom.json
	@mkdir -p dist
	$(BIN)/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible --of JSON -o dist/sbom.json $(BIN)/python

clean: ## remove what was installed and cached here
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .fuzz .coverage dist
