#!/usr/bin/env bash
# Every table and figure of these folders anew, from the predictions and rows that are committed in them: no face, no model and no
# store is needed. From the project's root with .venv active, or `make results`; a quarter of an hour on one core.
set -e
export PYTHONPATH=src OMP_NUM_THREADS=1
python benchmarks/method_defaults.py --out results/method-defaults/search.csv --choose
python benchmarks/calibration.py --from results/calibration/answers.parquet --tables results/calibration
python benchmarks/crossfit_reference.py --from results/never-seen/reference.parquet --table results/never-seen/reference.csv
for name in 10-folds 5-folds; do
    python benchmarks/never_seen.py --from "results/never-seen/$name.parquet" --table "results/never-seen/$name.csv"
done
for study in results/utkface-resnet50 results/utkface-study-small; do
    python -m entrypoints.report --source $study --out $study
done
for study in results/methods/*/; do
    python -m entrypoints.report --source $study --out $study
    python benchmarks/audit_verdicts.py --from $study --table ${study}verdicts.csv
done
python benchmarks/targets_compared.py --out results/methods results/methods/*/
results/audit-verdicts/commands.sh
echo "results/explain is made of models that are not kept: results/explain/commands.sh"
echo "results/utkface-data is made of the faces themselves: results/utkface-data/commands.sh"
echo "results/request-seconds is measured anew, on a machine that does nothing else: results/request-seconds/commands.sh"
