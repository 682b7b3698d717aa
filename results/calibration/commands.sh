#!/usr/bin/env bash
# What the audit says of models of known memory: from the project's root with .venv active, after the training in
# ../never-seen/commands.sh. kept/ comes to hold what 15 retrained models say, one minute each on a core; it may be the same folder.
set -e
PYTHONPATH=src python benchmarks/calibration.py --folder kept --keep results/calibration/answers.parquet
# The tables beside it: make results.
