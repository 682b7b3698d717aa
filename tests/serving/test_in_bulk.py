"""What MLflow makes of a registered version besides a server: predictions of a file, and a container."""

import base64
import json
import platform
from pathlib import Path

import mlflow
import pandas as pd
import pytest
from click.testing import CliRunner
from mlflow.cli import cli

from made import drawn

URI = "models:/age-resnet50/3"


def models(*words: str) -> None:
    done = CliRunner().invoke(cli, ["models", *words])
    assert done.exit_code == 0, done.output


def texts(paths: list[Path], spelling: str) -> list[str]:
    return [str(path) if spelling == "names" else base64.b64encode(path.read_bytes()).decode() for path in paths]


@pytest.mark.parametrize(("kind", "spelling"), [("csv", "names"), ("csv", "base64"), ("json", "base64")])
def test_mlflow_models_predict_reads_a_file_of_pictures(untouched, tmp_path, kind, spelling):
    paths = drawn()[::40]
    table = pd.DataFrame({"image": texts(paths, spelling)})
    asked = table.to_csv(index=False) if kind == "csv" else json.dumps({"dataframe_split": table.to_dict("split")})
    (tmp_path / "asked").write_text(asked, encoding="utf-8")
    given = ("-m", URI, "-i", str(tmp_path / "asked"), "-t", kind, "-o", str(tmp_path / "ages.json"), "--env-manager", "local")
    models("predict", *given)
    ages = json.loads((tmp_path / "ages.json").read_text())["predictions"]
    in_python = mlflow.pyfunc.load_model(URI).predict(pd.DataFrame({"image": paths}))
    assert ages == pytest.approx(in_python.tolist(), abs=1e-3)


def test_the_dockerfile_of_a_version_installs_what_it_needs_for_its_python_and_serves_it(untouched, tmp_path):
    models("generate-dockerfile", "-m", URI, "-d", str(tmp_path / "image"))
    lines = (tmp_path / "image" / "Dockerfile").read_text().splitlines()
    assert f"FROM python:{platform.python_version()}-slim" in lines
    assert "COPY model_dir /opt/ml/model" in lines
    assert any(line.startswith("RUN python") and "_install_pyfunc_deps('/opt/ml/model'" in line for line in lines)
    folder = tmp_path / "image" / "model_dir"
    assert (folder / "artifacts" / "age_model" / "spec.json").exists()
    asked = (folder / "requirements.txt").read_text().split()
    assert {line.split("==")[0] for line in asked} >= {"mlflow", "torch", "timm", "pillow", "safetensors"}
    assert all("==" in line and "+" not in line for line in asked)
    assert lines[-1].startswith("ENTRYPOINT")
    assert "C._serve('local')" in lines[-1]
