# Everything a developer or a first-time user runs. Needs Python 3.11 or later, make and git; the rest comes by hash
# from the lock files into .venv. A stamp in .venv says what is installed, so nothing is installed twice.

VENV := .venv
PORT ?= 8000
BOOK ?=
# A start without kept bytecode takes twice as long.
unexport PYTHONDONTWRITEBYTECODE
PIP := $(VENV)/bin/python -m pip --disable-pip-version-check --no-input install --quiet
FRONTEND := $(shell find frontend -type f -not -path '*/node_modules/*')
.DEFAULT_GOAL := help

.PHONY: help
help: ## list these targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1|\2/p' Makefile | while IFS='|' read -r name about; do \
	  printf 'make %-11s %s\n' "$$name" "$$about"; done

.PHONY: serve
serve: $(VENV)/.installed ## serve a book on http://127.0.0.1:8000 (BOOK=dir, PORT=n choose others)
	@$(VENV)/bin/opsbook serve --port $(PORT) $(if $(BOOK),--book "$(BOOK)")

.PHONY: test
test: $(VENV)/.installed-dev build/fuzz/.installed build/clients/.installed ## run the tests (ARGS="-k name" to choose; OPSBOOK_TEST_ALL=1 to skip none)
	$(VENV)/bin/python -m pytest -n auto $(ARGS)

.PHONY: fuzz
fuzz: $(VENV)/.installed-dev build/fuzz/.installed ## ask the whole API what its description allows, and what it does not
	$(VENV)/bin/python -m pytest -m "torture or not torture" tests/stories/test_fuzz.py $(ARGS)

.PHONY: torture
torture: $(VENV)/.installed-dev build/fuzz/.installed ## run the long campaigns (SEED=n runs the same one again)
	@seed=$(or $(SEED),$$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')); \
	echo "Seed $$seed; the same again: make torture SEED=$$seed"; \
	OPSBOOK_HYPOTHESIS=torture $(VENV)/bin/python -m pytest -n auto -m "torture or hypothesis" \
	  --hypothesis-seed=$$seed $(ARGS)

.PHONY: screenshots
screenshots: $(VENV)/.installed-dev ## take the pictures of docs/screens.md in the system's Chromium (ARGS="now page" to choose)
	@$(VENV)/bin/python scripts/screenshots $(ARGS)

.PHONY: bench
bench: $(VENV)/.installed-bench build/bench/node_modules ## measure beside the peers that can be installed (ARGS="lint rules" to choose)
	@$(VENV)/bin/python -m bench $(ARGS)

.PHONY: lint
lint: $(VENV)/.installed-dev ## check style, types and the direction of imports
	$(VENV)/bin/ruff check
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports --no-logo --no-cache

# uv, because it locks for all systems and Pythons at once; in an environment of its own, because only this needs it.
.PHONY: lock
lock: ## write the lock files anew from pyproject.toml (UPGRADE=1 takes newer releases)
	scripts/make-venv build/lock
	build/lock/bin/python -m pip --disable-pip-version-check install --quiet uv
	build/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	  --no-emit-package opsbook --custom-compile-command "make lock" $(if $(UPGRADE),--upgrade) \
	  pyproject.toml --group build -o requirements.lock
	build/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	  --no-emit-package opsbook --custom-compile-command "make lock" $(if $(UPGRADE),--upgrade) \
	  pyproject.toml --extra dev --group build -c requirements.lock -o requirements-dev.lock
	build/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	  --custom-compile-command "make lock" $(if $(UPGRADE),--upgrade) --group bench -o requirements-bench.lock
	build/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	  --custom-compile-command "make lock" $(if $(UPGRADE),--upgrade) --group fuzz -o requirements-fuzz.lock
	build/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	  --custom-compile-command "make lock" $(if $(UPGRADE),--upgrade) --group clients -o requirements-clients.lock

.PHONY: clean
clean: ## remove the environment, caches and built files (never a ledger)
	rm -rf $(VENV) build dist src/opsbook/entrypoints/assets .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find src tests bench -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/bin/python:
	scripts/make-venv $(VENV)

# The project itself is installed without isolation: its build tool is in the lock too. The build bundles the web
# pages' scripts and styles, and does nothing when what lies there was made of the same sources.
$(VENV)/.installed: requirements.lock pyproject.toml hatch_build.py $(FRONTEND) | $(VENV)/bin/python
	@echo "Installing into $(VENV); the first time this takes a minute or two."
	$(PIP) --require-hashes -r requirements.lock
	$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.installed-dev: requirements-dev.lock $(VENV)/.installed
	$(PIP) --require-hashes -r requirements-dev.lock
	@touch $@

$(VENV)/.installed-bench: requirements-bench.lock $(VENV)/.installed
	$(PIP) --require-hashes -r requirements-bench.lock
	@touch $@

# schemathesis, in an environment of its own: it wants other versions than the server it asks.
build/fuzz/.installed: requirements-fuzz.lock
	scripts/make-venv build/fuzz
	build/fuzz/bin/python -m pip --disable-pip-version-check --no-input install --quiet --require-hashes -r requirements-fuzz.lock
	@touch $@

# The clients of other services that are pointed at Opsbook, in an environment of their own for the same reason.
build/clients/.installed: requirements-clients.lock
	scripts/make-venv build/clients
	build/clients/bin/python -m pip --disable-pip-version-check --no-input install --quiet --require-hashes -r requirements-clients.lock
	@touch $@

# A peer from npm is measured only where npm is: its absence is told, in the table too, and fails nothing.
build/bench/node_modules: bench/npm/package.json bench/npm/package-lock.json
	@mkdir -p build/bench && cp $^ build/bench
	@if ! command -v npm >/dev/null; then echo "!! npm is absent, so markdownlint-cli2 and pagefind are not measured beside." >&2; \
	elif (cd build/bench && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error); then touch $@; \
	else echo "!! npm failed, so markdownlint-cli2 and pagefind are not measured beside." >&2; fi
