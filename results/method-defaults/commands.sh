#!/usr/bin/env bash
# The commands behind trials.csv, from the project's root with .venv active; they go on with the rows that the file holds already.
# data_dir is the reader's own copy of the faces (data digest 3e882177400426ca). docs/defaults.md tells what is measured and the rule.
set -e
PYTHONPATH=src OMP_NUM_THREADS=1 python benchmarks/method_defaults.py --data_dir ../shared/utkface --out results/method-defaults/trials.csv
PYTHONPATH=src OMP_NUM_THREADS=1 python benchmarks/method_defaults.py --data_dir ../shared/utkface --out results/method-defaults/trials.csv \
    --again "amnesiac:lr=1e-3;amnesiac:lr=3e-4;neggrad:lr=1e-3;neggrad:lr=3e-4;prune:amount=0.99 pull=1;prune:amount=0.9 pull=0.1;\
reset:soft=1 divergence=1;reset:soft=0.1 divergence=0.1;bad_teacher:teacher=random;bad_teacher:teacher=proxy;fisher:;fisher:noise=0.1"
PYTHONPATH=src python benchmarks/method_defaults.py --out results/method-defaults/trials.csv --choose
