#!/usr/bin/env bash
# The commands behind this folder: from the project's root with .venv active. Every method at its defaults, three seeds, on a group
# and on 50 single faces; of the group five seeds of original and retrained for the floor. Half a minute a run on a
# free core with AVX2. FACES is the reader's own copy of UTKFace. A killed experiment goes on where it was. Tables, figures and verdicts
# are made again by ../rebuild.sh.
set -e
study() {
    export MLFLOW_TRACKING_URI="sqlite:///$1.db"
    run() { mlflow run . -e "$1" --env-manager local -P preset=tiny "${@:2}"; }
    run experiment -P study=methods -P target="$1" -P forget_sets="$2${3:-}" -P data_dir=FACES
    run experiment -P study=floor -P seeds=3,4 -P target="$1" -P forget_sets="$2" -P data_dir=FACES
    run report -P out="results/methods/$1"
}
study age 20-28 ";random:50"
study gender "gender:female & 20-28" ";random:50"
study race race:asian ";random:50"
