#!/usr/bin/env bash
# The commands behind this folder, from the project's root with .venv active. data_dir is the reader's own copy of the faces; the data
# digest 9bd711beabc7223f says whether it is the same one. Two cores (AVX-512 with bfloat16) did other work meanwhile, and the experiment
# was stopped and went on several times, so that its seconds say little; report.html tells versions, seeds and parameters.
set -e
mlflow run . -e experiment --env-manager local -P study=methods -P forget_sets=20-28 -P preset=small -P seeds=0,1 \
    -P data_dir=../shared/utkface -P workers=2
mlflow run . -e report --env-manager local -P preset=small -P out=results/utkface-methods-small
# The whole of it, three seeds and single faces too, goes on from there:
# mlflow run . -e experiment --env-manager local -P study=methods -P preset=small -P data_dir=../shared/utkface -P workers=2
