#!/usr/bin/env bash
# The commands behind this folder, from the project's root with .venv active: what carries the age of 20-28, by timm's test_resnet at 64 px.
# data_dir is the reader's own copy of the faces. Some two hours on one core that was shared; the figures are those of the page explain.html.
set -e
data="-P data_dir=../shared/utkface -P fraction=.8 -P augment_to=150"
run() { mlflow run . --env-manager local -e "$@"; }
run train $data -P arch=test_resnet -P image_size=64 -P epochs=12 -P seeds=0,1
run retrain -P forget_set=20-28
run retrain -P forget_set=20-28 -P seeds=2,3
run unlearn -P method=ft -P params=lr=1e-4 -P forget_set=20-28 -P epochs=8 -P model=original
for method in scrub noise rnd; do run unlearn -P method=$method -P forget_set=20-28 -P epochs=8 -P model=original; done
run explain -P forget_set=20-28 -P versions=original,ft-20-28-e8,scrub-20-28-e8,noise-20-28-e8,rnd-20-28-e8
python results/explain/tables.py
