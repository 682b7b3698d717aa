#!/usr/bin/env bash
# From the project's root with .venv active: makes search.csv, by the rule of docs/defaults.md; it goes on with the rows that the file holds.
# data_dir is the reader's own copy of the faces (data digest cd0bd811b460097a).
set -e
PYTHONPATH=src python benchmarks/method_defaults.py --data_dir ../shared/utkface --out results/method-defaults/search.csv
