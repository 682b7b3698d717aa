"""A registered version behind ``mlflow models serve``, as its callers and its administrator see it."""

import base64
import os
import subprocess
import sys

import mlflow
import pandas as pd
import pytest
import requests

from asking import pictures as pictures
from asking import texts as texts
from places import ROOT
from server import listening

MODEL = "age-resnet50"


@pytest.fixture(scope="module")
def place(promoted_store):
    """A folder of a user whose version 3 is served."""
    return promoted_store.parent


@pytest.fixture(scope="module")
def address(place):
    """Where the champion answers."""
    with listening(place, "ping", "models", "serve", "-m", f"models:/{MODEL}@champion", "--env-manager", "local") as found:
        yield f"{found}/invocations"


def test_the_server_answers_years_in_order(address, pictures, texts, user):
    model = mlflow.pyfunc.load_model(f"models:/{MODEL}@champion")
    years = model.predict(pd.DataFrame({"image": pictures})).tolist()
    assert years != pytest.approx(sorted(years), abs=1e-6)
    assert all(0 <= year <= 60 for year in years)
    body = {"dataframe_split": {"columns": ["image"], "data": [[text] for text in texts]}}
    answer = requests.post(address, json=body, timeout=60)
    assert answer.status_code == 200, answer.text
    assert answer.json()["predictions"] == pytest.approx(years, abs=1e-3)
    assert {"role": "unlearned", "forgotten": "20-28"}.items() <= model.metadata.metadata.items()
    assert {"method", "epochs", "data_digest", "seeds"} <= model.metadata.metadata.keys()
    assert not {"state", "verdict", "F"} & model.metadata.metadata.keys()  # they may change, and the registry says them


def test_the_answer_tells_which_version_gave_it_when_asked(address, texts, user):
    plain, told = ({"dataframe_records": [{"image": texts[0]}]} | more for more in ({}, {"params": {"tell_version": True}}))
    (age,) = requests.post(address, json=plain, timeout=60).json()["predictions"]
    answer = requests.post(address, json=told, timeout=60).json()
    champion = mlflow.MlflowClient().get_model_version_by_alias(MODEL, "champion").version
    told = {"version": f"{MODEL}/{champion}", "verdict": "not known here: no MLFLOW_TRACKING_URI leads to a registry"}
    assert answer == {"predictions": [{"age": pytest.approx(age, abs=1e-4), **told}]}


def test_the_server_refuses_bad_pictures_and_nonsense_in_one_sentence(address, pictures, texts):
    cut = base64.b64encode(pictures[1][: len(pictures[1]) // 2]).decode()
    answer = requests.post(address, json={"dataframe_records": [{"image": texts[0]}, {"image": cut}]}, timeout=60)
    assert answer.status_code == 400
    assert answer.json()["message"].startswith("row 1: the image is damaged or cut off")
    assert "stack_trace" not in answer.json()
    assert str(ROOT) not in answer.text
    for body in ({"dataframe_records": []}, {"dataframe_split": {"columns": ["face"], "data": [["x"]]}}, {}, {"inputs": {}}):
        answer = requests.post(address, json=body, timeout=60)
        assert answer.status_code == 400
        assert "stack_trace" not in answer.json()


ALONE = """
import importlib, sys
from pathlib import Path
import mlflow, pandas
model = mlflow.pyfunc.load_model(sys.argv[1])
told = model.predict(pandas.DataFrame({"image": [sys.argv[2]]}), {"tell_version": True})
(code,) = (Path(place) for place in sys.path if Path(place).name == "code")
for path in sorted(code.rglob("*.py")):
    if path.name != "served.py":
        importlib.import_module(".".join(path.relative_to(code).with_suffix("").parts))
assert all(Path(module.__file__).is_relative_to(code) for name, module in sys.modules.items() if name.startswith("unlearning"))
print(told.age[0], len(list(code.rglob("*.py"))))
"""


def test_a_version_answers_by_the_few_files_of_this_project_that_it_brings_along(user, address, texts, trained_store):
    """And loading it adds none: its certificate names every file, and compiled code beside the source is code that runs."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    asked = [sys.executable, "-c", ALONE, f"models:/{MODEL}@champion", texts[0]]
    done = subprocess.run(asked, cwd=user, env=environment, check=True, capture_output=True, text=True)
    age, files = done.stdout.split()
    body = {"dataframe_records": [{"image": texts[0]}]}
    assert requests.post(address, json=body, timeout=60).json()["predictions"] == [pytest.approx(float(age), abs=1e-3)]
    assert int(files) < len(list((ROOT / "src").rglob("*.py"))) / 3
    assert not [path for path in (trained_store.parent / "mlruns").rglob("*") if path.suffix == ".pyc"]
