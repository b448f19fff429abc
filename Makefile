# Every target makes .venv by itself when it is missing and reinstalls only when a lock file changed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN := $(VENV)/.installed-run
DEV := $(VENV)/.installed-dev
SERVICES := build/services/.fetched
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.DEFAULT_GOAL := help
.PHONY: help demo test test-unit lint format services docs golden golden-slack dashboards up down logs bench bench-accuracy lock clean

help: ## List the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | awk -F'\t' '{printf "  make %-14s %s\n", $$1, $$2}'

demo: $(RUN) ## Watch a small pipeline on an in-process Kafka: http://localhost:9308/
	@exec $(BIN)/streamgauge demo $(ARGS)

test: $(DEV) $(SERVICES) ## All tests: unit tests, then the real services
	$(BIN)/python -m pytest $(ARGS)

test-unit: $(DEV) ## The unit tests alone (seconds)
	$(BIN)/python -m pytest -m "not service" $(ARGS)

lint: $(DEV) ## ruff and mypy --strict
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: $(DEV) ## Format the code and apply ruff's safe fixes
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

services: $(SERVICES) ## Fetch the real services' packages (Kafka, Prometheus) into build/services

docs: $(DEV) ## Write the generated reference pages anew (docs/metrics.md, docs/configuration.md, docs/reliability.md)
	$(BIN)/python -m pytest -m "not service" tests/docs --update-docs

golden: $(DEV) ## Write the golden files anew (exposition, configuration's messages); read the diff before you commit it
	$(BIN)/python -m pytest -m "not service" tests/metrics tests/config --update-golden

golden-slack: $(DEV) $(SERVICES) ## Write the golden Slack messages anew (minutes: real services); read the diff
	$(BIN)/python -m pytest tests/services/test_alerting.py --update-golden $(ARGS)

dashboards: $(DEV) ## Write grafana/dashboards/*.json anew from grafana/src
	$(BIN)/python -m grafana.src

up: ## Start the whole stack with docker compose: http://localhost:3000
	docker compose up --detach --build --wait
	@echo "Grafana: http://localhost:3000, user admin, password: docker compose exec grafana cat /var/lib/grafana/admin-password"

down: ## Stop the stack; its data stay
	docker compose --profile demo down

logs: ## Follow the stack's logs
	docker compose logs --follow --tail 100

bench: $(DEV) $(SERVICES) ## Measure requests, CPU, memory and scrape times against a real Kafka
	PYTHONPATH=. $(BIN)/python benchmarks/scale.py $(ARGS)

bench-accuracy: $(DEV) $(SERVICES) ## Measure how right lag is: served against what producers and consumers know
	$(BIN)/python -m benchmarks.accuracy $(ARGS)

lock: $(DEV) ## Resolve the dependencies anew into the lock files
	echo 'hatchling>=1.27' | $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header $(UPGRADE) -o requirements-build.lock -
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header $(UPGRADE) --no-emit-package streamgauge-sdk -o requirements.lock pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header $(UPGRADE) -c requirements.lock --no-emit-package streamgauge-sdk --group dev -o requirements-dev.lock pyproject.toml

clean: ## Remove .venv and build
	rm -rf $(VENV) build

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit("streamgauge needs Python 3.11 or newer, this is " + sys.version.split()[0] + "; say which one: make PYTHON=python3.12 ...") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)

$(RUN): $(BIN)/python requirements.lock pyproject.toml exporter/sdk/pyproject.toml
	$(PIP) install --require-hashes -r requirements.lock
	$(PIP) install --no-deps -e exporter/sdk -e .
	@touch $@

$(DEV): $(RUN) requirements-dev.lock
	$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@

$(SERVICES): $(BIN)/python tests/services/fetch.py
	$(BIN)/python tests/services/fetch.py build/services
	@touch $@
