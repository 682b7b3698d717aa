# The virtual environment is made on first use, and again when the list of dependencies changes.
PYTHON ?= python3
VENV := .venv
READY := $(VENV)/.ready
RUN := . $(VENV)/bin/activate &&
MLFLOW_RUN := $(RUN) mlflow run . --env-manager local

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-all coverage lint lock docs results key ui serve clean

help: ## list these commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

setup: $(READY) ## make .venv and install everything, the command age-unlearning too

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -m venv --clear $(VENV)
	$(VENV)/bin/python -m pip install --quiet --upgrade pip uv
	UV_FIND_LINKS="$${UV_FIND_LINKS:-$$PIP_FIND_LINKS}" $(VENV)/bin/uv pip install --quiet --python $(VENV)/bin/python \
		--requirements requirements.lock
	$(VENV)/bin/uv pip install --quiet --python $(VENV)/bin/python --no-deps --no-build-isolation --offline --editable .
	touch $@

demo: $(READY) ## the whole job on drawn faces: train, retrain, unlearn, evaluate, promote
	$(MLFLOW_RUN) -P image_size=32 -P train_epochs=6

# A file stays in one process, which makes its stores once; tests/conftest.py says which files come first.
PYTEST := OMP_NUM_THREADS=1 python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder

test: $(READY) ## the tests of every rule, in some minutes on every core
	$(RUN) $(PYTEST) -m "not slow"

test-all: test ## those, then the slow ones: databases, servers, browsers, kills and whole experiments
	$(RUN) $(PYTEST) -m slow

coverage: $(READY) ## the share of lines and branches that make test runs, by file
	$(RUN) coverage erase && OMP_NUM_THREADS=1 coverage run -m pytest -m "not slow" --numprocesses auto --dist loadfile \
		--no-loadscope-reorder && coverage combine --quiet && coverage report --skip-covered

lint: $(READY) ## check style, formatting and types
	$(RUN) ruff check . && ruff format --check . && mypy

lock: $(READY) ## write requirements.lock anew from pyproject.toml
	$(RUN) UV_FIND_LINKS="$${UV_FIND_LINKS:-$$PIP_FIND_LINKS}" uv pip compile pyproject.toml --group dev --extra server --quiet \
		--python-version 3.11 --no-annotate --custom-compile-command "make lock" | sed 's/+cpu$$//' > requirements.lock

docs: $(READY) ## write MLproject and docs/options.md, methods.md and metrics.md anew from the code
	$(RUN) PYTHONPATH=src:. python tools/mlproject.py
	$(RUN) PYTHONPATH=src python -m entrypoints.methods --format markdown > docs/methods.md
	$(RUN) PYTHONPATH=src python -c "from unlearning.reports.metric_cards import metric_cards; print(metric_cards(), end='')" > docs/metrics.md

results: $(READY) ## make every table and figure of results/ anew from the predictions and rows that are kept there
	$(RUN) results/rebuild.sh

key: $(READY) ## make the key that signs certificates, signing-key.pem, and the public one beside it
	$(RUN) PYTHONPATH=src python -m entrypoints.key

ui: $(READY) ## MLflow's pages; the runs are at http://127.0.0.1:5000/#/experiments/0/runs
	@echo "MLflow's front page is for GenAI. The runs: http://127.0.0.1:5000/#/experiments/0/runs"
	$(RUN) mlflow ui

serve: $(READY) ## answer requests with the champion on http://127.0.0.1:5001, and follow it
	$(RUN) PYTHONPATH=src python -m entrypoints.serve

clean: ## remove .venv and the caches of tools; runs and models stay
	rm -rf $(VENV) .pytest_cache .ruff_cache .mypy_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
