"""A version on the workers of Spark and of Ray: the ages that it gives here."""

import importlib.util
import os
import runpy
import shutil
import sys
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest

from clusters import ray_alone as ray_alone
from made import drawn
from places import ROOT

URI = "models:/age-resnet50/3"


@pytest.fixture
def paths():
    return drawn()[::20]


@pytest.fixture
def ages(untouched, paths):
    """By the names of the files."""
    found = mlflow.pyfunc.load_model(URI).predict(pd.DataFrame({"image": paths}))
    assert len(set(found.round(2))) > 5, "equal ages would prove nothing"
    return {path.name: pytest.approx(age, abs=1e-3) for path, age in zip(paths, found, strict=True)}


def folder_of(paths: list[Path], place: Path) -> Path:
    (place / "faces").mkdir()
    for path in paths:
        shutil.copy(path, place / "faces")
    return place / "faces"


@pytest.fixture
def spark(monkeypatch):
    """Spark on one core of this machine; without it or Java the test is skipped, unless REQUIRE_SPARK is set, as by .ci/run."""
    missing = importlib.util.find_spec("pyspark") is None or shutil.which("java") is None
    if missing and "REQUIRE_SPARK" not in os.environ:
        pytest.skip("Spark needs Java and: uv pip install --requirements pyproject.toml --extra spark")
    from pyspark.sql import SparkSession

    for name in ("PYSPARK_PYTHON", "PYSPARK_DRIVER_PYTHON"):
        monkeypatch.setenv(name, sys.executable)
    session = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
    yield session
    session.stop()


@pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning")
def test_spark_gives_the_ages_of_a_folder(ages, paths, spark, tmp_path):
    frame = spark.read.format("binaryFile").load(str(folder_of(paths, tmp_path))).withColumnRenamed("content", "image")
    age_of = mlflow.pyfunc.spark_udf(spark, URI, result_type="double", env_manager="local")
    told = frame.select("path", age_of("image").alias("age")).collect()
    assert {Path(row.path).name: row.age for row in told} == ages


@pytest.mark.filterwarnings("ignore:.*is deprecated:DeprecationWarning")  # Ray's own look at its settings
def test_ray_data_gives_the_ages_of_a_folder_and_the_reason_where_there_is_none(ages, paths, ray_alone, tmp_path, monkeypatch):
    import ray

    folder = folder_of(paths, tmp_path)
    (folder / "letter.jpg").write_bytes(b"no picture")
    monkeypatch.setattr(sys, "argv", ["ray_predict.py", URI, str(folder), str(tmp_path / "ages"), "1"])
    # One core for the worker, and more for reading and writing beside it.
    ray.init("local", num_cpus=3, include_dashboard=False, object_store_memory=128 * 1024**2, logging_level="WARNING")
    try:
        runpy.run_path(str(ROOT / "tools" / "ray_predict.py"), run_name="__main__")  # Ray sends the code of a script along
    finally:
        ray.shutdown()
    table = pd.read_parquet(tmp_path / "ages").set_index("file")
    table.index = [Path(name).name for name in table.index]
    told = table.age.to_dict()
    assert np.isnan(told.pop("letter.jpg"))
    assert told == ages
    assert table.refused[table.refused != ""].to_dict() == {"letter.jpg": "neither a JPEG or PNG image nor base64"}
