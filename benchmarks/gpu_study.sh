#!/usr/bin/env bash
# The study's own network on real faces, on a machine with one GPU, no internet, and no MLflow: what it lacks is packed beforehand.
#
#     benchmarks/gpu_study.sh pack FACES PACK      where the internet is: the faces, and wheels of what that machine lacks
#     benchmarks/gpu_study.sh run PACK OUT         there: tables, predictions and figures in OUT, in some minutes
#
# OUT is what `age-unlearning report --source OUT --out AGAIN` reads. Every part writes it anew, so that a machine that is taken
# away leaves what was done; another `run` with the same WORK goes on.
#   SIDE=128       pictures of so many pixels in the pack, which is then smaller (empty: as they are)
#   PYTHON=3.12    of the machine with the GPU
#   PRESET, WORKERS, WORK, EPOCHS   preset (resnet50), cells at a time (12), folder for all that is made (/tmp/study), epochs of pretraining (30)
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
lacking=(alembic annotated-types cachetools cffi colorlog cryptography databricks-sdk fastapi gitdb gitpython google-auth greenlet
    importlib-metadata lightning-fabric mako mlflow-skinny mlflow-tracing opentelemetry-api opentelemetry-proto opentelemetry-sdk
    opentelemetry-semantic-conventions optuna pyasn1 pyasn1-modules pycparser pydantic pydantic-core python-dotenv
    python-multipart securesystemslib smmap sqlalchemy sqlparse starlette typing-inspection uvicorn)

pack() {
    local faces=$1 to=$2 platforms=()
    mkdir -p "$to/wheels" "$to/faces"
    if [ "${SIDE:-}" ]; then
        python - "$faces" "$to/faces" "$SIDE" <<'PYTHON'
import sys
from pathlib import Path

from PIL import Image

faces, to, side = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
for path in sorted(faces.iterdir()):
    Image.open(path).convert("RGB").resize((side, side), Image.Resampling.LANCZOS).save(to / path.name, quality=90)
PYTHON
    else
        cp -R "$faces/." "$to/faces/"
    fi
    for version in 17 24 27 28 31 34 35 38 39; do platforms+=(--platform "manylinux_2_${version}_x86_64"); done
    platforms+=(--platform manylinux1_x86_64 --platform manylinux2014_x86_64)
    for name in "${lacking[@]}"; do grep -iE "^$name==" "$root/requirements.lock"; done > "$to/wheels.txt"
    python -m pip download --quiet --no-deps --only-binary=:all: --implementation cp --python-version "${PYTHON:-3.12}" \
        "${platforms[@]}" --dest "$to/wheels" --requirement "$to/wheels.txt"
    du -sh "$to/faces" "$to/wheels"
}

share_gpu() { # the kernels of several cells run beside each other, where NVIDIA's service for that is; else they take turns
    export CUDA_MPS_PIPE_DIRECTORY=$work/mps CUDA_MPS_LOG_DIRECTORY=$work/mps-log
    if command -v nvidia-cuda-mps-control > /dev/null && ! pgrep -f nvidia-cuda-mps > /dev/null; then
        nvidia-cuda-mps-control -d
        trap 'echo quit | nvidia-cuda-mps-control' EXIT
    fi
}
say() { echo "== $SECONDS s: $*"; }
experiment() { python3 -m entrypoints.experiment --preset "$preset" --data_dir "$faces" --workers "$workers" "$@"; }
report() { python3 -m entrypoints.report --preset "$preset" --out "$out" && say "report in $out"; }

run() {
    mkdir -p "$2"
    faces=$(realpath "$1")/faces out=$(realpath "$2") preset=${PRESET:-resnet50} workers=${WORKERS:-12} work=${WORK:-/tmp/study}
    mkdir -p "$work/site"
    [ -e "$work/site/mlflow" ] || python3 -m pip install --quiet --no-index --no-deps --no-compile --target "$work/site" "$1"/wheels/*.whl
    export PYTHONPATH=$root/src:$root:$work/site UNLEARNING_CACHE=$work/cache GIT_PYTHON_REFRESH=quiet
    cd "$work"
    share_gpu
    python3 -c "import torch; print(torch.__version__, torch.cuda.get_device_name() if torch.cuda.is_available() else 'no GPU')"
    say "pretraining on the faces that are left out"
    [ -e backbone.safetensors ] || python3 "$root/benchmarks/pretraining.py" train --preset "$preset" --data_dir "$faces" \
        --weights backbone.safetensors --epochs "${EPOCHS:-30}"
    say "originals, from scratch and pretrained"
    local half=$(((workers + 1) / 2))
    experiment --workers $half --study original --name age-scratch > scratch.log 2>&1 &
    experiment --workers $half --study original --name age-pretrained --weights "$work/backbone.safetensors"
    wait $!
    best=$(python3 "$root/benchmarks/pretraining.py" compare --name age-scratch --name age-pretrained --preset "$preset" \
        --table "$out/pretraining.csv")
    say "$best is better on the validation faces"
    own=(--name "$best")
    [ "$best" = age-scratch ] || own+=(--weights "$work/backbone.safetensors")
    experiment "${own[@]}" --workers $half --study floor --seeds 3,4 > floor.log 2>&1 &
    experiment "${own[@]}" --study alpha,epochs
    wait $!
    report
    experiment "${own[@]}" --study defect,forget_set --seeds 0
    report
    experiment "${own[@]}" --study forget_set
    report
}

"$@"
