#!/usr/bin/env bash
# The commands behind this folder: from the project's root with .venv active. Every method at its defaults, three seeds, on a group and
# on 50 single faces, for ages, gender and race; some 180 runs a target, half a minute each on a free core with AVX2. FACES is the
# reader's own copy of UTKFace. A killed experiment goes on where it was. The last part is made again by ../rebuild.sh.
set -e
study() {
    export MLFLOW_TRACKING_URI="sqlite:///$1.db"
    mlflow run . -e experiment --env-manager local -P preset=tiny -P study=methods -P data_dir=FACES -P target="$1" -P forget_sets="$2;random:50"
    mlflow run . -e report --env-manager local -P preset=tiny -P out="results/methods/$1"
}
study age 20-28
study gender "gender:female & 20-28"
study race race:asian
