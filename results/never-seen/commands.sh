#!/usr/bin/env bash
# The test for single faces, and what it is worth: from the project's root with .venv active. data_dir is the reader's own copy of
# the faces; the data digest is 8e6a5c914981e4a8. Some two hours on one core.
set -e
mlflow run . -e train --env-manager local -P data_dir=FOLDER -P fraction=.5 -P augment_to=0 -P arch=test_resnet -P image_size=48 \
    -P epochs=12 -P seeds=0,1,2 -P precision=32-true
mlflow run . -e crossfit --env-manager local -P folds=5 -P seeds=0,1,2
PYTHONPATH=src python benchmarks/never_seen.py --keep results/never-seen/5-folds.parquet
mlflow run . -e crossfit --env-manager local -P folds=10 -P seeds=0,1,2
PYTHONPATH=src python benchmarks/never_seen.py --keep results/never-seen/10-folds.parquet
# kept/ comes to hold what retrained models say; --draws 20 are 40 trainings.
PYTHONPATH=src python benchmarks/crossfit_reference.py --folder kept --draws 20 --keep results/never-seen/reference.parquet
# The tables beside these: make results.
