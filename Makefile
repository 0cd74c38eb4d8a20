# Two commands matter: `make sandbox` and `make test`. Both work on a machine with python3 (3.11 or later), pip and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet

.DEFAULT_GOAL := help
.PHONY: help venv schema sandbox test chaos bench lint lock audit release-check faces-gallery pictures clean

help: ## what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit("Doppel needs Python 3.11 or later.") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)

# Each stamp stands for one set of pinned packages, so a change of its lock installs it anew.
$(VENV)/installed-sandbox: requirements-sandbox.lock pyproject.toml | $(BIN)/python
	$(PIP) --require-hashes -r requirements-sandbox.lock
	$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/installed-dev: requirements-dev.lock pyproject.toml | $(BIN)/python
	$(PIP) --require-hashes -r requirements-dev.lock
	$(PIP) --no-deps --no-build-isolation -e .
	@touch $@ $(VENV)/installed-sandbox

venv: $(VENV)/installed-dev ## .venv with everything that development needs

sandbox: $(VENV)/installed-sandbox ## the whole bot in a browser, without an account (ARGS="--speed 1 --fresh")
	$(BIN)/doppel sandbox $(ARGS)

test: venv ## the tests, in random order, with the coverage of branches
	$(BIN)/pytest -n 3 --dist worksteal --cov --cov-report=term --cov-fail-under=95 $(ARGS)

chaos: venv ## three storms of kills and faults over the running bot, and the count (ARGS="--seed 7 --jobs 2000 --kills 40")
	$(BIN)/python -m tests.chaos $(ARGS)

bench: venv ## what the bot does in a second beside what it is measured by (ARGS="economy engine")
	$(BIN)/python -m tests.bench $(ARGS)

lint: venv ## ruff, pyright and the import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports

faces-gallery: venv ## one page of before and after for all models, in var/gallery
	$(BIN)/python -m tests.sandbox.gallery

pictures: venv ## the pictures of the docs, taken in the sandbox with Debian's chromium
	$(BIN)/python -m tests.browser.pictures

# Versions younger than a week are left to settle: mirrors lag, and bad releases are withdrawn in days.
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
  --exclude-newer "7 days" --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" pyproject.toml

lock: $(BIN)/python ## rebuild the locks from pyproject.toml
	$(PIP) uv
	$(LOCK) --upgrade --group build -o requirements.lock
	$(LOCK) --upgrade --group build --extra sandbox -c requirements.lock -o requirements-sandbox.lock
	$(LOCK) --upgrade --group build --extra c2pa --extra otel -c requirements.lock -o requirements-extras.lock
	$(LOCK) --upgrade --group build --group dev --all-extras -c requirements-sandbox.lock -c requirements-extras.lock -o requirements-dev.lock

audit: venv ## known weaknesses of the pinned packages, where the advisories can be reached
	$(PIP) pip-audit
	$(BIN)/pip-audit --require-hashes --disable-pip -r requirements-sandbox.lock
	$(BIN)/pip-audit --require-hashes --disable-pip -r requirements-extras.lock

schema: venv ## keep the schema of the newest revision with rows in it, until a release has it
	$(BIN)/python -m tests.store.schemas $(ARGS)

RELEASE := var/release
release-check: venv ## build sdist and wheel, install the wheel in a clean environment, and run it there
	$(BIN)/python -m tests.store.schemas --check
	rm -rf $(RELEASE)
	$(BIN)/hatchling build -d $(RELEASE)
	$(PYTHON) -m venv $(RELEASE)/venv
	$(RELEASE)/venv/bin/python -m pip --disable-pip-version-check install --quiet --require-hashes -r requirements.lock
	$(RELEASE)/venv/bin/python -m pip --disable-pip-version-check install --quiet --no-deps $(RELEASE)/*.whl
	cd $(RELEASE) && venv/bin/doppel --version
	# Without a token and a key it says so and ends with 1; anything else is a fault.
	cd $(RELEASE) && env -u DISCORD_TOKEN -u SEGMIND_API_KEY venv/bin/doppel check; test $$? -eq 1

clean: ## remove what the other commands made
	rm -rf $(VENV) var .pytest_cache .ruff_cache .coverage
