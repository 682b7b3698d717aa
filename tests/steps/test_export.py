"""A version as an ONNX file: its ages without this project, or no file."""

import numpy as np
import onnxruntime
import pytest
import torch

from made import drawn
from unlearning.data.images import decode
from unlearning.errors import InputError
from unlearning.models.ensemble import load_model
from unlearning.registry.lookup import find
from unlearning.settings.serving import ExportSettings
from unlearning.steps import export as step
from unlearning.steps.export import export
from unlearning.versions.files import model_folder

MODEL = "age-resnet50"


@pytest.mark.slow
def test_onnxruntime_gives_the_ages_of_the_version_on_faces_and_the_file_says_whose_they_are(untouched, tmp_path, capfd):
    out = export(ExportSettings(out=str(tmp_path / "age.onnx"), model="3"))
    said = capfd.readouterr()
    assert said.out == ""
    assert [line.partition(":")[0] for line in said.err.splitlines()] == ["export", "export"]
    session = onnxruntime.InferenceSession(out)
    version = find(MODEL, "3")
    told = session.get_modelmeta().custom_metadata_map
    assert told["version"] == f"{MODEL}/3"
    assert {name: told[name] for name in ("method", "forgotten", "data_digest")} == {
        name: version.tag(name) for name in ("method", "forgotten", "data_digest")
    }
    assert told["verdict"] == "not judged yet"
    paths = drawn()[::8]
    ensemble = load_model(model_folder(version))
    pixels = np.stack([decode(path.read_bytes(), 32) for path in paths]).transpose(0, 3, 1, 2)
    (ages,) = session.run(None, {"pixels": pixels})
    ours = ensemble.aggregate(ensemble.predict(torch.from_numpy(pixels)).double()).numpy()
    assert len(set(ours.round(2))) > 5, "equal ages would prove nothing"
    assert ages == pytest.approx(ours, abs=1e-3)


def test_a_file_that_gives_other_ages_is_not_put_in_place(untouched, tmp_path, monkeypatch):
    monkeypatch.setattr(step, "to_onnx", lambda ensemble, metadata: b"a graph")
    monkeypatch.setattr(step, "difference", lambda file, ensemble: 0.5)
    with pytest.raises(InputError, match=r"up to 0\.5 years from the version's"):
        export(ExportSettings(out=str(tmp_path / "age.onnx"), model="3"))
    assert list(tmp_path.glob("*onnx*")) == []


def test_without_the_packages_the_command_that_installs_them_is_said(monkeypatch):
    monkeypatch.setattr(step, "find_spec", lambda name: None if name == "onnxscript" else name)
    with pytest.raises(InputError, match=r"needs the packages onnxscript; .*uv pip install .* --extra onnx"):
        export(ExportSettings())
