#!/usr/bin/env bash
# Seconds from a request to a served champion: from the project's root with .venv active, in an empty store, on a machine that does
# nothing else. data_dir is the reader's own copy of the faces. 20 minutes on two cores without bfloat16; the first lines of what it
# prints are training (138 s) and cross-fitting (249 s, once), the table is seconds.csv.
set -e
PYTHONPATH=src python benchmarks/request_seconds.py --data_dir FOLDER --fraction .8 --augment_to 150 --image_size 64 --folds 2 --seeds 2
