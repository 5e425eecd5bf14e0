# The Python that makes .venv; left out, the first of these that is 3.11 or newer.
PYTHON ?= $(shell for name in python3.11 python3 python3.12 python3.13 python3.14; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$name && break; done)
PORT ?= 8000
JOBS ?= 2
BIN := .venv/bin
STAMP := .venv/installed
PEERS := .venv/installed-bench
LOCK := $(BIN)/uv pip compile --quiet --generate-hashes --no-header --python-version 3.11

.DEFAULT_GOAL := help
.PHONY: help install demo test check format lock vendor screenshots bench

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' Makefile

install: $(STAMP) ## Make .venv with everything that running, testing and checking need

$(STAMP): requirements-dev.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed and was not found; name one: make PYTHON=/path/to/python3 install" >&2; exit 1; }
	@echo "Installing into .venv ..."
	@$(PYTHON) -m venv .venv || { echo "python -m venv failed (Debian: apt-get install python3-venv)" >&2; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

demo: install ## Run the whole portal against a sandbox on http://127.0.0.1:8000/ (PORT=8001 for another port)
	@PORT=$(PORT) $(BIN)/python -m kyc_portal.demo

test: install ## Run every test, then those for PostgreSQL on a PostgreSQL of their own
	$(BIN)/python -m pytest --numprocesses $(JOBS) --dist loadfile
	$(BIN)/python -m tests.with_postgres $(BIN)/python -m pytest -m postgres --numprocesses $(JOBS) --dist loadfile

check: install ## Lint, formatting, types, migrations, settings, templates
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	DJANGO_SETTINGS_MODULE=tests.settings $(BIN)/python manage.py makemigrations --check --dry-run
	DJANGO_SETTINGS_MODULE=tests.settings $(BIN)/python manage.py check --fail-level WARNING
	@echo "check --deploy with the values of .env.example and fresh keys"
	@key=$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(50))'); \
	env -i PATH="$$PATH" DJANGO_ENV_FILE=.env.example DJANGO_SECRET_KEY=$$key TENCENTCLOUD_SECRET_ID=$$key \
		DATABASE_URL=postgres://portal:$$key@127.0.0.1:5432/portal \
		TENCENTCLOUD_SECRET_KEY=$$key LIVENESS_AUDIT_KEY=$$key $(BIN)/python manage.py check --deploy --fail-level WARNING
	$(BIN)/djlint --check --lint --quiet liveness templates

format: install ## Format Python and templates in place
	$(BIN)/ruff check --fix
	$(BIN)/ruff format
	$(BIN)/djlint --reformat --quiet liveness templates

lock: install ## Compile requirements.txt, -dev.txt and -bench.txt from pyproject.toml
	$(LOCK) pyproject.toml --output-file requirements.txt
	$(LOCK) pyproject.toml --group dev --constraint requirements.txt --output-file requirements-dev.txt
	$(LOCK) --group bench --constraint requirements-dev.txt --output-file requirements-bench.txt

screenshots: install ## Take pictures of the main pages of a demo, into var/screenshots/ and for the README
	PYTHONPATH=. $(BIN)/python docs/screenshots.py

bench: $(PEERS) ## Measure everything into docs/performance.md, 80 minutes (ONLY="client claims" for some; QUICK=1)
	@$(BIN)/python bench/run.py $(if $(QUICK),--quick) $(ONLY)

$(PEERS): $(STAMP) requirements-bench.txt
	@echo "Installing what the benches compare with (100 MB) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bench.txt
	@touch $@

vendor: install ## Copy the front-end libraries of vendor/vendor.lock out of npm
	$(BIN)/python vendor/fetch.py
