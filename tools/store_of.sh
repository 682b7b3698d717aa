#!/usr/bin/env bash
# Make a store with the code of an earlier commit, to see that today's code reads, promotes, purges and verifies it:
#     tools/store_of.sh COMMIT FOLDER
# The whole job on drawn faces with a small network, a key, and one request that is served and certified. Afterwards:
#     export MLFLOW_TRACKING_URI=sqlite:///FOLDER/mlflow.db UNLEARNING_CACHE=FOLDER/cache UNLEARNING_SIGNING_KEY=FOLDER/signing-key.pem
set -euo pipefail
[ $# = 2 ] || { sed -n '2,5p' "$0"; exit 2; }
commit=$1
mkdir -p "$2"
folder=$(cd "$2" && pwd)
root=$(cd "$(dirname "$0")/.." && pwd)
code=$(mktemp -d)
trap 'git -C "$root" worktree remove --force "$code/project"; rm -rf "$code"' EXIT
git -C "$root" worktree add --quiet --detach "$code/project" "$commit"
source "$root/.venv/bin/activate"
export MLFLOW_TRACKING_URI="sqlite:///$folder/mlflow.db" UNLEARNING_CACHE="$folder/cache"
export UNLEARNING_SIGNING_KEY="$folder/signing-key.pem"
cd "$folder"
run() { mlflow run "$code/project" --env-manager local "$@"; }
gates="gates=Forgetting>0.1"
run -P arch=test_resnet -P image_size=32 -P drawn_faces=240 -P train_epochs=4 -P epochs=2 -P "$gates"
PYTHONPATH="$code/project/src:$code/project" python -m entrypoints.key --path "$UNLEARNING_SIGNING_KEY"
run -e request -P forget_set=random:5 -P reason="ticket 4711"
run -e process -P method=ft -P epochs=2 -P "$gates"
run -e status
