#!/usr/bin/env bash
# Models that are known to have forgotten, or to have done nothing, judged by the audit: from the project's root with .venv active,
# from the predictions that ../utkface-study-small/commands.sh keeps. The tables that lie here were made by the audit of version 0.1.0,
# of models whose predictions were not kept, with two retrained seeds more (three-seeds: without these).
set -e
PYTHONPATH=src python benchmarks/audit_verdicts.py --from results/utkface-study-small --table results/audit-verdicts/verdicts.csv
