# Wafa's table of contents. `make` alone prints it; scripts/ does the work.
#
# Needs GNU make 3.81 or newer, Python 3.11 or newer with its venv module, and a package index that pip can reach.

.DEFAULT_GOAL := help
SHELL := /bin/sh
.SUFFIXES:

# The first Python of the floor or newer; `make PYTHON=/path/to/python3.13 …` names another.
PYTHON ?= $(shell for each in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$each" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo "$$each"; break; }; done)

VENV := .venv/bin
export PYTHONPATH := $(CURDIR):$(CURDIR)/protos/gen
# Containers often have it set; each of the many processes of a suite would then compile the code once more as it starts.
unexport PYTHONDONTWRITEBYTECODE

# One test, file or folder: make test T=tests/unit/kit/test_ids.py::test_ids_are_unique
T ?=
# More options for pytest: make test ARGS='-k expiry -x'
ARGS ?=
# More than eight workers would ask the one PostgreSQL of a test session for more connections than it allows.
# In their order: the longest files have the fewest tests, and what begins last must not be long.
PYTEST := $(VENV)/python -m pytest -n logical --maxprocesses 8 --dist loadfile --no-loadscope-reorder

.PHONY: help
help:
	@printf '%s\n' 'Wafa: a self-hosted loyalty programme.'
	@awk -f scripts/contents.awk Makefile

##@ Use

.PHONY: run demo check bench
run: env-run ## start the whole suite on this machine, with its own PostgreSQL and Valkey
	@exec $(VENV)/python -m wafa run $(ARGS)

demo: env-run ## start it, fill it with a story, and say where to look
	@exec $(VENV)/python -m wafa demo $(ARGS)

check: env-run ## prove the books of every service, while running or not
	@exec $(VENV)/python -m wafa check $(ARGS)

bench: env-dev ## measure; each benchmark prints a ratio taken in one run
	@$(VENV)/python -m bench $(ARGS)

##@ Test

.PHONY: test test-deep lint format types
ifeq ($(T),)
test: lint types ## lint, types, then every test (one test: T=path, options: ARGS=…)
	@echo '== tests'
	@$(PYTEST) $(ARGS)
else
test: env-dev
	@$(PYTEST) $(if $(findstring ::,$(T)),-n 0) $(T) $(ARGS)
endif

test-deep: env-dev ## what `make test` leaves out: many more examples of the drawn tests, and the slow ones
	@echo '== tests, deep'
	@WAFA_DEEP=1 $(PYTEST) $(T) $(ARGS)

lint: env-dev ## ruff: rules and format
	@echo '== lint'
	@$(VENV)/ruff check
	@$(VENV)/ruff format --check

format: env-dev ## ruff: mend what can be mended
	@$(VENV)/ruff check --fix --quiet
	@$(VENV)/ruff format

types: env-dev ## mypy, strict
	@echo '== types'
	@$(VENV)/mypy

##@ Build

.PHONY: service proto proto-check manifests reference lock
service: env-dev ## lay out a new service: make service W=word ABOUT='One sentence.'
	@$(VENV)/python scripts/new_service.py "$(W)" "$(ABOUT)"

proto: env-dev ## write protos/gen from protos/loyalty
	@$(VENV)/python scripts/proto.py $(ARGS)

proto-check: ## lint the protos, compare them with those of HEAD (ARGS=main: of main); needs node
	@scripts/proto-check.sh $(ARGS)

manifests: env-dev ## write the manifests of deploy/ from suite.toml and deploy/templates
	@$(VENV)/python scripts/manifests.py $(ARGS)

reference: env-dev ## write docs/reference and NOTICE from the code and the locks
	@$(VENV)/python scripts/reference.py $(ARGS)
	@$(VENV)/python scripts/notice.py $(ARGS)

lock: env-dev ## compile the hashed locks from pyproject.toml (newest versions: ARGS=--upgrade)
	@scripts/lock.sh $(ARGS)

##@ Tidy

.PHONY: clean reset
clean: ## remove caches; data and the environment stay
	@find . -name __pycache__ -type d -not -path './.venv/*' -prune -exec rm -rf {} +
	@rm -rf .mypy_cache .pytest_cache .ruff_cache .hypothesis .schemathesis

reset: env-run ## remove .state, that is all databases of `make run`; refused while it is running
	@$(VENV)/python scripts/reset.py

# ---- the environment, made or mended when a lock has changed; a second call costs milliseconds

.PHONY: env-run env-dev
env-run env-dev: env-%:
	@python="$(PYTHON)"; test -n "$$python" || { echo 'Wafa needs Python 3.11 or newer, and none is on PATH.' \
		'Debian, Ubuntu: apt install python3 python3-venv. macOS: brew install python. Another place: make PYTHON=…' >&2; exit 1; }; \
	"$$python" -I scripts/bootstrap.py $*
