# Two commands on a fresh machine with Python 3.11+ and make: `make demo` and `make test`.
# Everything is set up in .venv from hashed locks; `uv` is used where it is installed, pip otherwise.

PYTHON ?= python3
BIN := .venv/bin
UV := $(shell command -v uv 2>/dev/null)
.DEFAULT_GOAL := help
# Many small matrices on few cores: threads of the linear algebra would only wait for each other.
export OMP_NUM_THREADS ?= 1
export OPENBLAS_NUM_THREADS ?= 1
.PHONY: help demo serve test studio studio-test check format lock evals-setup drill faults bench clean

help:  ## list the commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("Attune needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.12 ...") if sys.version_info < (3, 11) else None'
	@echo "Making .venv ..."
	@$(PYTHON) -m venv .venv

# $(1): lock file; $(2): the environment's bin, .venv/bin if left out
define install
	@echo "Installing from $(1) (about a minute with pip, seconds with uv) ..."
	@$(if $(UV),$(UV) pip install --quiet --python $(or $(2),$(BIN))/python --require-hashes -r $(1),$(or $(2),$(BIN))/pip install --quiet --disable-pip-version-check --require-hashes -r $(1))
	@$(if $(UV),$(UV) pip install --quiet --python $(or $(2),$(BIN))/python --no-deps --no-build-isolation -e .,$(or $(2),$(BIN))/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .)
endef

.venv/.ready: requirements.lock pyproject.toml | .venv/bin/python
	$(call install,requirements.lock)
	@touch $@

.venv/.ready-dev: requirements-dev.lock pyproject.toml | .venv/bin/python
	$(call install,requirements-dev.lock)
	@touch $@ .venv/.ready

.venv/.ready-evals: requirements-evals.lock pyproject.toml | .venv/bin/python
	$(call install,requirements-evals.lock)
	@touch $@ .venv/.ready-dev .venv/.ready

# LangGraph's development server needs older grpcio and protobuf than the rest, so it has an environment of its own.
.venv-studio/.ready: requirements-studio.lock pyproject.toml
	@test -x .venv-studio/bin/python || $(PYTHON) -m venv .venv-studio
	$(call install,requirements-studio.lock,.venv-studio/bin)
	@touch $@

demo: .venv/.ready  ## a sample market, one campaign, proposals to review: no key, no server (AGAIN=1: anew)
	@if [ -f demo/sample-market.txt ] && [ -z "$(AGAIN)" ]; then \
	  echo 'The demo in demo/ is kept. See it: `make serve`, or `$(BIN)/attune -w demo review list`. A new one: `make demo AGAIN=1`.'; \
	else $(BIN)/attune demo $(if $(AGAIN),--again); fi

serve: .venv/.ready  ## the web app on the demo, made first where there is none: prints a link that signs you in
	@test -f demo/sample-market.txt || $(BIN)/attune demo
	@$(BIN)/attune -w demo serve $(if $(PORT),--port $(PORT))

studio: .venv-studio/.ready  ## the graphs under LangGraph's development server, for the workspace ATTUNE_WORKSPACE names
	@LANGSMITH_TRACING=$${LANGSMITH_TRACING:-false} LANGGRAPH_CLI_NO_ANALYTICS=1 LANGGRAPH_DISABLE_FILE_PERSISTENCE=true \
	  .venv-studio/bin/langgraph dev --no-browser --no-reload --allow-blocking --host 127.0.0.1 $(if $(PORT),--port $(PORT))

studio-test: .venv/.ready-dev .venv-studio/.ready  ## the same server, started and driven by its own client
	@$(BIN)/python -m pytest tests/e2e/test_langgraph_dev.py

# A third worker on two cores works while others wait for a browser or a process.
# Tests commit thousands of times, and a disk makes each wait: their files are in memory where there is room (4 GB).
# Commands that tests start read what was compiled before, whatever the environment says of writing it.
test: .venv/.ready-dev  ## the whole test suite
	@unset PYTHONDONTWRITEBYTECODE; room=$$(df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 {print $$4}'); \
	  if [ -z "$$TMPDIR" ] && [ "$${room:-0}" -gt 4000000 ]; then \
	    TMPDIR=$$(mktemp -d /dev/shm/attune-tests-XXXXXX); export TMPDIR; \
	    trap 'rm -rf "$$TMPDIR"' EXIT; trap 'exit 130' INT TERM; \
	  fi; \
	  $(BIN)/python -m pytest -n 3 --dist worksteal

check: .venv/.ready-dev  ## lint, types, import contracts, unit tests: green before every commit
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m pytest tests/unit

format: .venv/.ready-dev  ## format the code
	@$(BIN)/ruff format --quiet . && $(BIN)/ruff check --fix --quiet .

lock:  ## write the hashed locks anew (needs uv)
	uv pip compile pyproject.toml --group build --universal --python-version 3.11 --generate-hashes --no-header --upgrade -q -o requirements.lock
	uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes --no-header --upgrade -q -o requirements-dev.lock
	uv pip compile pyproject.toml --group evals --universal --python-version 3.11 --generate-hashes --no-header --upgrade -q -o requirements-evals.lock
	uv pip compile pyproject.toml --group studio --universal --python-version 3.11 --generate-hashes --no-header --upgrade -q -o requirements-studio.lock

evals-setup: .venv/.ready-evals  ## what `python -m evals.…` compares with: other learners, plots

drill: .venv/.ready-dev  ## fifty SIGKILLs in a 300-contact run; count what is lost or doubled
	@$(BIN)/python -m app.drills.kill --kills 50

faults: .venv/.ready-dev  ## every fault to survive, in full: about an hour and a half; SAMPLE=1 for a few of each
	@$(BIN)/python -m app.drills.faults $(if $(SAMPLE),--sample)

bench: .venv/.ready-dev  ## every measurement of speed and memory: import, runs, search, load, inbox, results
	@$(BIN)/python -m evals.benchmarks
	@$(BIN)/python -m app.drills.load --contacts 100000 --messages 2000
	@$(BIN)/python -m app.drills.inbox
	@$(BIN)/python -m app.drills.results_speed --contacts 100000

clean:  ## remove what make made
	rm -rf .venv .venv-studio demo .mypy_cache .ruff_cache .hypothesis .import_linter_cache
