# Thin: every target is a set-up that does nothing when all is there, and one command.
PYTHON ?= python3
SETUP  := $(PYTHON) -m tools.setup
# What is ours goes first on PATH. The language host takes the first `python3` that it finds there.
RUN    := PATH="$(CURDIR)/.venv/bin:$(CURDIR)/.tools/bin:$$PATH"
PY     := $(RUN) .venv/bin/python
# Python starts hundreds of times in a run of the tests: bytecode is kept, whatever the shell says.
export PYTHONDONTWRITEBYTECODE :=
STAY   ?=
DEMO_ARGS   ?= $(if $(STAY),--stay)
PYTEST_ARGS ?=
# two for each core: a test on the engine waits as long as it works
WORKERS ?= $(shell echo $$((2 * $$(nproc 2>/dev/null || sysctl -n hw.ncpu))))

.DEFAULT_GOAL := help
.PHONY: help demo test test-long test-browser bench lint format tools constraints clean

help:  ## list the targets
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 14

demo:  ## Consul, an AWS stand-in and a stack, shown at work; STAY=1 leaves them running at the end
	@$(SETUP) venv tools
	@$(PY) -m examples.demo $(DEMO_ARGS)

test:  ## every test but the long ones; choose with PYTEST_ARGS='-k name'
	@$(SETUP) venv tools sdks
	@$(PY) -m pytest -n $(WORKERS) --dist loadgroup -m "not long" $(PYTEST_ARGS)

test-long:  ## full matrices and soaks
	@$(SETUP) venv tools sdks
	@$(PY) -m pytest -n $(WORKERS) --dist loadgroup -m long $(PYTEST_ARGS)

test-browser:  ## the status page in a real Chromium; Debian's package is installed where there is none
	@$(SETUP) venv
	@$(PYTHON) -m tools.browser
	@$(PY) -m pytest tests/browser $(PYTEST_ARGS)

bench:  ## benchmarks
	@$(SETUP) venv tools
	@$(PY) -m bench $(BENCH_ARGS)

lint:  ## style, types, the walls between rooms, and nothing of one machine in the tree
	@$(SETUP) venv
	@$(PY) -m ruff check
	@$(PY) -m ruff format --check
	@$(PY) -m mypy
	@$(RUN) lint-imports
	@$(PY) -m tools.check_tree

format:  ## mend the style where a machine can
	@$(SETUP) venv
	@$(PY) -m ruff check --fix-only
	@$(PY) -m ruff format

tools:  ## find or build the programs, and print which version was found where
	@$(SETUP) --table tools

constraints:  ## renew constraints.txt with the newest versions that pyproject.toml admits
	@$(PYTHON) -m tools.renew

clean:  ## remove what set-up has made, and the caches; Go's and pip's own caches stay
	rm -rf .venv .tools .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage*
