#!/usr/bin/env bash
# The commands behind this folder, from the project's root with .venv active. data_dir is the reader's own copy of the faces;
# the data digest 9bd711beabc7223f says whether it is the same one. The experiment took 4,218 seconds on two cores (AVX-512 with
# bfloat16) that did other work meanwhile; report.html tells versions, seeds and parameters.
set -e
mlflow run . -e experiment --env-manager local -P study=all -P preset=small -P data_dir=../shared/utkface -P workers=2
mlflow run . -e report     --env-manager local -P preset=small -P out=results/utkface-study-small
