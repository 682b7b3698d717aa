#!/usr/bin/env bash
# The commands behind this folder, from the project's root with .venv active. data_dir is the reader's own copy of the
# faces; the manifest's digest f1433119d57b1ae6 (tag data_digest) says whether it is the same one, split the same way.
set -e
mlflow run . -e train    --env-manager local -P data_dir=../shared/utkface -P image_size=64 -P epochs=15
mlflow run . -e retrain  --env-manager local -P forget_set=20-28
mlflow run . -e unlearn  --env-manager local -P method=ft  -P epochs=2,4,8,16
mlflow run . -e unlearn  --env-manager local -P method=rnd -P epochs=2,4,8,16
mlflow run . -e evaluate --env-manager local -P version=all -P forget_set=20-28   # evaluation.csv
mlflow run . -e promote  --env-manager local -P version=ft-20-28-e8
mlflow run . -e status   --env-manager local -P format=json                       # status.json
