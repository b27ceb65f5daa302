# toxicsite's commands; `make` lists them.

# Python 3.11 where it has its own name, else whatever is there: bootstrap.py says it when that is the wrong one.
PYTHON ?= $(shell command -v python3.11 || command -v python3 || command -v python)
VENV_PYTHON := .venv/bin/python
BOOTSTRAP := "$(PYTHON)" toxicsite/launcher/bootstrap.py
WITH_SERVICES := $(VENV_PYTHON) -m toxicsite.launcher with-services --
STARTER := models/starter
API_FILE := classifier/api/openapi.yaml
PYTEST_WORKERS ?= 2
# A hub name, or a folder or file of this machine
DATA ?= OxAISH-AL-LLM/wiki_toxic
DURATION ?= 600
BASE ?= intfloat/multilingual-e5-small
BASES ?= thenlper/gte-small intfloat/multilingual-e5-small

.DEFAULT_GOAL := help
.PHONY: help install install-test run test chaos lint lint-only docs docs-only pytest format api-file lock audit benchmark evaluate starter starter-multilingual results chromium

help: ## list these commands
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: install ## start everything on this machine (PORT=8000 BIND=127.0.0.1), Ctrl-C stops it
	@exec $(VENV_PYTHON) -m toxicsite.launcher run

test: install-test chromium lint-only pytest ## install, check and test everything on servers of its own

lint: install-test lint-only ## style, types, import contracts, migrations, API file, docs

install: ## make .venv and install the pinned packages
	@$(BOOTSTRAP)

install-test:
	@$(BOOTSTRAP) --test
	@$(VENV_PYTHON) -m toxicsite.launcher node-clients

chromium:
	@$(VENV_PYTHON) -m toxicsite.launcher chromium

lint-only:
	$(VENV_PYTHON) -m ruff check .
	$(VENV_PYTHON) -m ruff format --check .
	$(VENV_PYTHON) -m mypy .
	.venv/bin/lint-imports
	$(WITH_SERVICES) $(VENV_PYTHON) manage.py makemigrations --check --dry-run
	@$(VENV_PYTHON) manage.py spectacular --validate --fail-on-warn | cmp - $(API_FILE) || \
		{ echo "$(API_FILE) is not what the code serves: make api-file, and look at the difference"; exit 1; }
	@$(MAKE) --no-print-directory docs-only

docs: install-test docs-only ## build the documentation into var/docs/html

docs-only:
	$(VENV_PYTHON) -m sphinx -b html -W --keep-going -n -q -d var/docs/doctrees docs var/docs/html

pytest:
	$(WITH_SERVICES) $(VENV_PYTHON) -m pytest -n $(PYTEST_WORKERS) --dist loadfile --no-loadscope-reorder

format: install-test ## put the code into the agreed form
	$(VENV_PYTHON) -m ruff check --fix .
	$(VENV_PYTHON) -m ruff format .

api-file: install-test ## write the OpenAPI file anew
	$(VENV_PYTHON) manage.py spectacular --validate --fail-on-warn --file $(API_FILE)

lock: ## pin what .venv holds of pyproject.toml's dependencies
	$(VENV_PYTHON) -m toxicsite.launcher lock

audit: install ## ask for known faults of the pinned packages (needs the network)
	@$(VENV_PYTHON) -m toxicsite.launcher audit

benchmark: install-test ## measure speed beside the usual ways, in one run
	$(WITH_SERVICES) $(VENV_PYTHON) -m benchmarks

chaos: install-test ## faults at random for ten minutes into a site of its own, and what was lost (DURATION=600 SEED=…)
	$(VENV_PYTHON) -m chaos --duration $(DURATION) $(if $(SEED),--seed $(SEED))

evaluate: install ## evaluate the starter model on the test rows (DATA=…)
	$(VENV_PYTHON) manage.py evaluate_model $(STARTER) --data $(DATA)

starter: install ## make a starter model from public data into var/starter/model (DATA=folder with wiki_toxic/ and mix/, BASES=…)
	$(VENV_PYTHON) manage.py train_starter --data $(DATA) --base $(BASES) --output var/starter/model

starter-multilingual: install ## make the multilingual starter into var/starter-multilingual/model (DATA=folder with wiki_toxic/ and mix/, BASE=…)
	$(VENV_PYTHON) manage.py train_starter_multilingual --data $(DATA) --base $(BASE) --output var/starter-multilingual/model

results: install ## make the results page, its plots and the table in README again from the recorded runs
	$(VENV_PYTHON) manage.py results
