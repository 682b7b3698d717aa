#!/usr/bin/env bash
# The commands behind this folder, from the project's root with .venv active: every method, on the splits of version 0.2.0, whose
# predictions were not kept (data digest 9bd711beabc7223f), on two cores (AVX-512 with bfloat16) that did other work meanwhile.
set -e
small() { mlflow run . -e experiment --env-manager local -P preset=small -P data_dir=../shared/utkface -P workers=2 "$@"; }
small -P study=alpha,epochs
small -P study=methods -P forget_sets=20-28
small -P study=methods -P forget_sets=random:50 -P seeds=0
mlflow run . -e report --env-manager local -P preset=small -P out=results/methods-small
