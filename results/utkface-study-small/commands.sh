#!/usr/bin/env bash
# The commands behind this folder, from the project's root with .venv active. data_dir is the reader's own copy of the faces; the
# data digest eae0d1d4f8bd4750 says whether it is the same one. They ran on a machine with one NVIDIA H200 and 16 cores, seven
# cells at a time, beside those of ../utkface-resnet50: 280, 68 and 99 seconds. The last command makes all of it again, and the page
# report.html, from the predictions in kept/, as `make results` does: the same, but for the pictures of the data on the page.
set -e
(echo file; ls ../shared/utkface | grep '^3[0-4]_1_0_' | head -25) > requests.csv
small() { mlflow run . -e experiment --env-manager local -P preset=small -P data_dir=../shared/utkface -P workers=2 "$@"; }
small -P study=alpha,epochs,forget_set,defect
small -P study=floor -P seeds=3,4
small -P study=single -P "forget_sets=random:50;file:$PWD/requests.csv"
mlflow run . -e report --env-manager local -P preset=small -P out=results/utkface-study-small
age-unlearning report --source results/utkface-study-small --out results/utkface-study-small
