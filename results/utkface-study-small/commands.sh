#!/usr/bin/env bash
# The commands behind this folder, from the project's root with .venv active. data_dir is the reader's own copy of the faces;
# the data digest 9bd711beabc7223f says whether it is the same one. report.html tells versions, seeds, parameters and the seconds
# of each experiment, on two cores (AVX-512 with bfloat16) that did other work meanwhile. The last command makes it all again from
# the predictions that the report keeps in kept/, as `make results` does: the same, but for the pictures of the data on the page.
set -e
(echo file; ls ../shared/utkface | grep '^3[0-4]_1_0_' | head -25) > requests.csv
small() { mlflow run . -e experiment --env-manager local -P preset=small -P data_dir=../shared/utkface -P workers=2 "$@"; }
small -P study=alpha,epochs,forget_set,defect
small -P study=single -P "forget_sets=random:50;file:$PWD/requests.csv"
small -P study=methods -P forget_sets=20-28
small -P study=methods -P forget_sets=random:50 -P seeds=0
mlflow run . -e report --env-manager local -P preset=small -P out=results/utkface-study-small
age-unlearning report --source results/utkface-study-small --out results/utkface-study-small
