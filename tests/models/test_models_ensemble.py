"""An ensemble predicts with every member, and comes back from its folder bit by bit, without a pickle."""

import copy
import json
import pickle
from dataclasses import replace

import pytest
import torch
from safetensors.torch import save_file

from unlearning.errors import InputError
from unlearning.models.aggregate import Aggregate
from unlearning.models.build import build
from unlearning.models.ensemble import (
    Ensemble,
    load_model,
    read_spec,
    save_member,
    save_spec,
    weights_digest,
    weights_digests,
)

SEEDS = (4, 9)
TRAINING = {"recipe": "scratch", "epochs": 2}


@pytest.fixture(scope="module")
def ensemble(spec):
    return Ensemble(spec, SEEDS, tuple(build(spec, seed).eval() for seed in SEEDS), Aggregate("median", (1,)))


@pytest.fixture
def folder(ensemble, tmp_path):
    """The ensemble, saved."""
    save_spec(tmp_path / "model", ensemble.spec, SEEDS, TRAINING, ensemble.aggregate)
    for index, member in enumerate(ensemble.members):
        save_member(member, tmp_path / "model", index)
    return tmp_path / "model"


@pytest.fixture(scope="module")
def pictures(faces):
    return faces.images(torch.arange(6)).permute(0, 3, 1, 2)


def test_the_members_digests_are_those_of_their_files(ensemble, folder):
    assert weights_digests(folder) == [weights_digest(member) for member in ensemble.members]
    (folder / "member-1.safetensors").unlink()
    with pytest.raises(InputError, match=r"damaged.*member-1"):
        weights_digests(folder)


def rewrite(folder, **changes) -> None:
    """Change fields of spec.json, as an earlier version of the project would have written it; ``model`` field by field."""
    content = json.loads((folder / "spec.json").read_text())
    content["model"] |= changes.pop("model", {})
    content |= {"sha256": None} | changes
    (folder / "spec.json").write_text(json.dumps({name: value for name, value in content.items() if value is not None}))


def test_a_saved_ensemble_has_the_same_spec_seeds_aggregate_and_digests(ensemble, folder):
    loaded = load_model(folder)
    assert (loaded.spec, loaded.seeds, loaded.aggregate) == (ensemble.spec, SEEDS, ensemble.aggregate)
    assert list(map(weights_digest, loaded.members)) == list(map(weights_digest, ensemble.members))


def test_loading_reads_no_pickle(ensemble, folder, monkeypatch):
    def refuse(*args, **options):
        raise AssertionError("a pickle was read")

    for owner, name in ((pickle, "load"), (pickle, "loads"), (pickle, "Unpickler"), (torch, "load")):
        monkeypatch.setattr(owner, name, refuse)
    assert weights_digest(load_model(folder).members[1]) == weights_digest(ensemble.members[1])


def test_a_local_path_of_first_weights_is_not_saved(spec, tmp_path):
    save_spec(tmp_path, replace(spec, weights="/home/someone/secret.safetensors"), SEEDS, TRAINING)
    assert "someone" not in (tmp_path / "spec.json").read_text()
    assert read_spec(tmp_path)["model"] == spec.as_dict()


def test_a_pretrained_model_is_loaded_without_fetching_anything(spec, ensemble, folder, monkeypatch):
    """Creating the backbone with pretrained weights would need the network."""
    rewrite(folder, model={"pretrained": True})
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(folder))
    loaded = load_model(folder)
    assert loaded.spec == replace(spec, pretrained=True)
    assert weights_digest(loaded.members[0]) == weights_digest(ensemble.members[0])


@pytest.mark.parametrize("content", ["", "\0\1\2", '{"model": '])
def test_an_unreadable_spec_is_no_model_of_ours(folder, content):
    (folder / "spec.json").write_text(content)
    with pytest.raises(InputError, match=r"no model of this project: spec\.json is missing or unreadable in it"):
        load_model(folder)


def test_a_spec_of_another_form_is_refused(folder):
    one, small = {"seeds": [0]}, {"arch": "test_resnet"}
    models = [{"model": model} | one for model in (None, {"arch": 5}, {"image_size": "large"}, {"heads": 2})]
    for content in ([], {}, None, one, {"model": small, "seeds": 3}, {"model": small, "seeds": []}, *models):
        (folder / "spec.json").write_text(json.dumps(content))
        with pytest.raises(InputError, match=r"the saved model is damaged|unknown fields"):
            load_model(folder)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"model": {"arch": "no_such_network"}}, "unknown arch 'no_such_network'"),
        ({"model": {"arch": "resnet10t"}}, "the saved model is damaged"),
        ({"model": {"output": "cubic"}}, "output='cubic' is unknown"),
        ({"seeds": [4, 9, 11]}, "the saved model is damaged: .*member-2"),
        ({"aggregate": {"by": "mode"}}, "aggregate='mode' is unknown"),
        ({"aggregate": {"by": "mean", "without": [0, 1]}}, "the saved model is damaged: it has no members"),
        *(({"aggregate": other}, "the saved model is damaged") for other in ({"voters": 3}, [], {"without": 7})),
    ],
)
def test_a_spec_that_does_not_fit_its_weights_or_says_what_cannot_be_is_refused(folder, changes, reason):
    rewrite(folder, **changes)
    with pytest.raises(InputError, match=reason):
        load_model(folder)


def test_a_member_that_is_cut_off_or_missing_is_named(folder):
    file = folder / "member-1.safetensors"
    whole = file.read_bytes()
    for keep in (0, 1000, -1):
        file.write_bytes(whole[:keep])
        with pytest.raises(InputError, match=r"the saved model is damaged: .*member-1\.safetensors"):
            load_model(folder)
    file.unlink()
    with pytest.raises(InputError, match=r"the saved model is damaged: .*member-1\.safetensors"):
        load_model(folder)


@pytest.mark.parametrize("name", ["member-0.safetensors", "spec.json"])
@pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
def test_a_flipped_bit_is_noticed_wherever_it_is(folder, name, share):
    """In the header, the weights, and what is to be built: the served model passes here too."""
    content = bytearray((folder / name).read_bytes())
    content[int(share * len(content))] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(InputError, match=rf"{name}|the saved model is damaged"):
        load_model(folder)


def test_files_of_an_earlier_version_of_the_project_say_nothing_of_their_content_and_mean_the_mean(ensemble, folder):
    for index, member in enumerate(ensemble.members):
        state = {name: value.contiguous() for name, value in member.state_dict().items()}
        save_file(state, folder / f"member-{index}.safetensors")
    rewrite(folder, aggregate=None)
    assert load_model(folder).aggregate == Aggregate()
    assert list(map(weights_digest, load_model(folder).members)) == list(map(weights_digest, ensemble.members))


@pytest.mark.parametrize("name", ["backbone.conv1.0.weight", "backbone.bn1.running_mean", "head.7.bias"])
def test_the_digest_changes_with_one_weight(ensemble, name):
    changed = copy.deepcopy(ensemble.members[0])
    with torch.no_grad():
        weights = changed.state_dict()[name]
        first = (0,) * weights.dim()
        weights[first] = torch.nextafter(weights[first], torch.tensor(1e9))
    assert weights_digest(changed) != weights_digest(ensemble.members[0])


def test_the_digest_does_not_see_the_layout_in_memory_nor_the_mode(ensemble):
    other = copy.deepcopy(ensemble.members[0]).to(memory_format=torch.contiguous_format).train()
    assert weights_digest(other) == weights_digest(ensemble.members[0])
