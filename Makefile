# Two commands matter: `make sandbox` and `make test`. Both work on a machine with python3 (3.11 or later), pip and make.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
INSTALL := $(PYTHON) requirements/install.py
INSTALLER := requirements/install.py requirements/installer.lock requirements/build.lock pyproject.toml

.DEFAULT_GOAL := help
.PHONY: help venv schema sandbox test coverage quick chaos fuzz bench lint lock prove-locks audit release-check faces-gallery tables docs pictures clean

help: ## what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

# Each stamp stands for one lock, so that make installs again when the lock has changed.
$(VENV)/installed-sandbox: requirements/sandbox.lock $(INSTALLER)
	@$(INSTALL) $(VENV) sandbox --editable
	@touch $@

$(VENV)/installed-dev: requirements/dev.lock $(INSTALLER)
	@$(INSTALL) $(VENV) dev --editable
	@touch $@ $(VENV)/installed-sandbox

# Otherwise, each program that the tests start would compile the packages for itself.
$(VENV)/compiled: $(VENV)/installed-dev
	@$(BIN)/python -m compileall -qq -j 0 $(VENV)/lib || true
	@touch $@

venv: $(VENV)/installed-dev ## .venv with everything that development needs

sandbox: $(VENV)/installed-sandbox ## the whole bot in a browser, without an account (ARGS="--speed 1 --fresh")
	$(BIN)/doppel sandbox $(ARGS)

# Each program that the tests start would compile the bot anew, and each process the tests.
unexport PYTHONDONTWRITEBYTECODE

# Most tests wait for something, so four processes keep two cores busy.
PYTEST := $(BIN)/pytest -n 4 --dist worksteal --durations=10

test: venv $(VENV)/compiled ## the tests, in random order
	$(PYTEST) $(ARGS)

COVERAGE := 95
coverage: venv $(VENV)/compiled ## the same with the coverage of branches, in half as much time again
	$(PYTEST) --cov --cov-report=term --cov-fail-under=$(COVERAGE) $(ARGS)

quick: venv ## the tests of jobs, Segmind and faces in half a minute, as CI runs them on other Pythons
	$(BIN)/pytest -n 4 --dist worksteal tests/jobs tests/segmind tests/faces -k "not postgres" $(ARGS)

chaos: venv ## kills, faults and disturbances on the running bot, with checks (ARGS="--seed 7 --jobs 2000 --kills 40")
	$(BIN)/python -m tests.chaos $(ARGS)

fuzz: venv ## hostile files from other projects' tests through the media worker (ARGS="--own --files 5000 --seed 7")
	$(BIN)/python -m tests.fuzz $(ARGS)

bench: venv ## what the bot does in a second beside what it is measured by (ARGS="freshness engine")
	$(BIN)/python -m tests.bench $(ARGS)

lint: venv ## ruff, pyright and the import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	PATH="$$(dirname $(abspath $(VENV))/lib/python3*/site-packages/playwright/driver/node):$$PATH" $(BIN)/pyright
	$(BIN)/lint-imports

faces-gallery: venv ## one page of before and after for all models, in var/gallery
	$(BIN)/python -m tests.sandbox.gallery

tables: venv ## rewrite the tables in the docs that are made from the code
	$(BIN)/python -m tests.docs.tables

$(VENV)/docs/installed: requirements/docs.lock $(INSTALLER)
	@$(INSTALL) $(VENV)/docs docs --editable
	@touch $@

docs: $(VENV)/docs/installed ## the docs as a searchable site, in var/site
	NO_MKDOCS_2_WARNING=1 $(VENV)/docs/bin/python -m mkdocs build --strict --quiet

pictures: venv ## the pictures of the docs, taken in the sandbox with Debian's chromium
	$(BIN)/python -m tests.browser.pictures

# Versions younger than a week are left to settle: mirrors lag, and bad releases are withdrawn in days.
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --upgrade \
  --exclude-newer "7 days" --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"

lock: venv ## rebuild the locks from pyproject.toml
	$(LOCK) --group installer -o requirements/installer.lock
	$(LOCK) --group build -o requirements/build.lock
	$(LOCK) pyproject.toml -c requirements/build.lock -o requirements/base.lock
	$(LOCK) pyproject.toml --extra sandbox -c requirements/build.lock -c requirements/base.lock -o requirements/sandbox.lock
	$(LOCK) pyproject.toml --extra c2pa --extra otel -c requirements/build.lock -c requirements/base.lock -o requirements/extras.lock
	$(LOCK) pyproject.toml --all-extras --group dev -c requirements/build.lock -c requirements/sandbox.lock -c requirements/extras.lock -o requirements/dev.lock
	$(LOCK) --group docs -c requirements/build.lock -c requirements/dev.lock -o requirements/docs.lock

prove-locks: venv ## install each lock with the oldest and the newest pip, and find nothing missing
	$(BIN)/python requirements/prove.py

audit: venv ## known weaknesses of the pinned packages, where the advisories can be reached
	$(BIN)/uv tool run pip-audit --require-hashes --disable-pip $(foreach name,installer build sandbox extras,-r requirements/$(name).lock)

schema: venv ## keep the schema of the newest revision with rows in it, until a release has it
	$(BIN)/python -m tests.store.schemas $(ARGS)

RELEASE := var/release
release-check: venv ## build sdist and wheel, install the wheel in a clean environment, and run it there
	$(BIN)/python -m tests.store.schemas --check
	rm -rf $(RELEASE)
	$(BIN)/hatchling build -d $(RELEASE)
	$(INSTALL) $(RELEASE)/venv base --project $(RELEASE)/*.whl
	cd $(RELEASE) && venv/bin/doppel --version
	# Without a token and a key it says so and ends with 1; anything else is a fault.
	cd $(RELEASE) && env -u DISCORD_TOKEN -u SEGMIND_API_KEY venv/bin/doppel check; test $$? -eq 1

clean: ## remove what the other commands made
	rm -rf $(VENV) var .pytest_cache .ruff_cache .coverage
