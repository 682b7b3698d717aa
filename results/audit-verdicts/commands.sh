#!/usr/bin/env bash
# Every model of the two studies on real faces, judged by the audit beside all five retrained seeds and beside the first three: from
# the project's root with .venv active, from the predictions that ../utkface-resnet50 and ../utkface-study-small keep.
set -e
for study in resnet50 study-small; do
    for most in 5 3; do
        PYTHONPATH=src python benchmarks/audit_verdicts.py --from "results/utkface-$study" --most "$most" \
            --table "results/audit-verdicts/$study-$most.csv" > "results/audit-verdicts/$study-$most.md"
    done
done
