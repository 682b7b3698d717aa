#!/usr/bin/env bash
# Models that are known to have forgotten, or to have done nothing, judged by the audit: from the project's root with .venv active,
# after the experiments of ../utkface-study-small. data_dir is the reader's own copy of the faces; the data digest is
# 9bd711beabc7223f. Two more retrained seeds join the three of the experiment.
set -e
mlflow run . -e retrain --env-manager local -P name=age-study-small-seed-0 -P forget_set=20-28 -P seeds=3,4
PYTHONPATH=src python benchmarks/audit_verdicts.py \
    --models age-study-small-seed-0,age-study-small-seed-1,age-study-small-seed-2 \
    --sisa age-study-small-sisa-seed-0,age-study-small-sisa-seed-1,age-study-small-sisa-seed-2 --out results/audit-verdicts
# The same with three retrained seeds only.
PYTHONPATH=src python benchmarks/audit_verdicts.py --only 0,1,2 --forget_set 20-28 \
    --models age-study-small-seed-0,age-study-small-seed-1,age-study-small-seed-2 --out results/audit-verdicts/three-seeds
