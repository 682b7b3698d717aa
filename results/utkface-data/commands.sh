#!/usr/bin/env bash
# The command behind this folder, from the project's root with .venv active: figures/ and reasons.csv are artifacts of its run.
# data_dir is the reader's own copy of the faces; the data digest eae0d1d4f8bd4750 says whether it is the same one.
set -e
mlflow run . -e prepare --env-manager local -P data_dir=../shared/utkface -P fraction=0.8 -P min_age=20 -P max_age=60 -P augment_to=150
