# Xueqiao. `make` alone lists the targets.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
ARGS ?=
.DEFAULT_GOAL := help
.PHONY: help demo test test-postgres check bench docs clean assets format

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

clean: ## remove what was built, installed and loaded
	rm -rf $(VENV) var dist build .mypy_cache .ruff_cache .pytest_cache src/xueqiao/web/static/vendor
