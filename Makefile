# Xueqiao. `make` alone lists the targets.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
ARGS ?=
JOBS ?= auto
CATALOGUES := $(wildcard src/xueqiao/*/locale/*/LC_MESSAGES/*.po)
.DEFAULT_GOAL := help
.PHONY: help demo test test-postgres test-spark coverage check bench docs messages format clean

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BIN)/python:
	@$(PYTHON) tools/require_python.py
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "No environment could be made. On Debian run: apt-get install python3-venv" >&2; exit 1; }

$(VENV)/.product: pyproject.toml package-lock.json hatch_build.py $(CATALOGUES) | $(BIN)/python
	@echo "Installing Xueqiao into $(VENV) (once; a few minutes on a slow line) ..."
	@$(BIN)/python tools/install.py -e .
	@touch $@

$(VENV)/.tools: pyproject.toml package-lock.json hatch_build.py | $(BIN)/python
	@echo "Installing Xueqiao with its tests and tools into $(VENV) ..."
	@$(BIN)/python tools/install.py -e ".[dev]"
	@$(BIN)/python tools/node_modules.py
	@touch $@ $(VENV)/.product

demo: $(VENV)/.product ## load the real data, run the main job, serve http://127.0.0.1:8000
	@$(BIN)/xueqiao demo $(ARGS)

test: $(VENV)/.tools ## the whole suite on SQLite; needs no server
	@$(BIN)/python hatch_build.py
	@env -u XUEQIAO_DATABASE_URL $(BIN)/python -m pytest -n $(JOBS) --dist loadgroup -m 'not postgres' $(ARGS)

test-postgres: $(VENV)/.tools ## the whole suite on PostgreSQL: XUEQIAO_DATABASE_URL, or a scratch server
	@$(BIN)/python hatch_build.py
	@$(BIN)/python tools/with_postgres.py $(BIN)/python -m pytest -n $(JOBS) --dist loadgroup -m 'not embedded and not browser' $(ARGS)

$(VENV)/spark/pyspark: | $(VENV)/.tools
	@echo "Fetching Apache Spark 4.0 into $(VENV)/spark (once; 430 MB) ..."
	@$(BIN)/python tools/install.py --no-deps --target $(VENV)/spark 'pyspark>=4.0,<4.1'

test-spark: $(VENV)/.tools $(VENV)/spark/pyspark ## every table and indicator on Apache Spark 4.0 with two workers; needs Java 17
	@$(BIN)/python hatch_build.py
	@env -u XUEQIAO_DATABASE_URL XUEQIAO_TEST_SPARK_HOME=$(abspath $(VENV)/spark/pyspark) $(BIN)/python -m pytest tests/lake/test_engines.py $(ARGS)

coverage: $(VENV)/.tools ## the fast tests again, with the lines they never reach
	@$(BIN)/python hatch_build.py
	@env -u XUEQIAO_DATABASE_URL $(BIN)/python -m pytest -n $(JOBS) --dist loadgroup -m 'not postgres and not slow and not browser' --cov --cov-report=term:skip-covered $(ARGS)

check: $(VENV)/.tools ## format, lint, types, imports, migrations, translations, docs, licences
	@$(BIN)/python hatch_build.py
	@$(BIN)/python tools/check.py $(ARGS)

bench: $(VENV)/.tools ## measure; one table out
	@$(BIN)/python hatch_build.py
	@$(BIN)/python -m bench $(ARGS)

docs: $(VENV)/.tools ## write the generated reference pages
	@$(BIN)/python -m tools.reference

messages: $(VENV)/.tools ## bring the message catalogues up to date
	@$(BIN)/python -m tools.messages

format: $(VENV)/.tools ## format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix-only --quiet .

clean: ## remove what was built, installed and loaded
	rm -rf $(VENV) var dist build node_modules .mypy_cache .ruff_cache .pytest_cache src/xueqiao/web/static/vendor
	find src -name '*.mo' -delete
