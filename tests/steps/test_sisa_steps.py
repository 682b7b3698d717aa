"""Training in shards and slices, retraining without a set, and unlearning it: the last two give the same weights."""

from dataclasses import replace

import pandas as pd
import pytest
import torch

from made import small, weights
from unlearning.errors import InputError
from unlearning.jobs.scheme import kept_by
from unlearning.models.aggregate import Aggregate
from unlearning.models.build import build
from unlearning.models.ensemble import load_model, read_spec
from unlearning.models.first_weights import file_digest
from unlearning.registry.lookup import find, find_version
from unlearning.settings.forgetting import UnlearnSettings
from unlearning.settings.training import RetrainSettings
from unlearning.steps.retrain import retrain
from unlearning.steps.train import train
from unlearning.steps.unlearn import unlearn
from unlearning.tracking import finished, runs
from unlearning.training.slices import SlicePlan
from unlearning.versions.certificate_facts import began_with
from unlearning.versions.files import model_folder, predictions_of
from unlearning.versions.lineage import open_parent

MODEL, SIDE = "age-resnet50", 32
SETTINGS = small(2, scheme="sisa", shards=2, slices=3)
PLAN = SlicePlan(2, 3)
EVERY = {(shard, number) for shard in (0, 1) for number in (1, 2)}


def write_list(folder, frame, name) -> str:
    """A forget rule that names the faces of ``frame``."""
    pd.DataFrame({"id": frame.id}).to_csv(folder / name, index=False)
    return f"file:{folder / name}"


def parameters() -> dict:
    """Of the newest unlearning."""
    return finished.find_by_tags({"step": "unlearn"})[0]["params"]


@pytest.fixture(scope="session")
def rules(workplace, data):
    """Rules by name: two faces of the last slice of shard 0, and two of the second slice of shard 1."""
    train_faces = data.manifest[data.manifest.split == "train"]
    shard, number = PLAN.shard_of(train_faces), PLAN.slice_of(train_faces)
    late, early = train_faces[(shard == 0) & (number == 2)][:2], train_faces[(shard == 1) & (number == 1)][:2]
    return {"late": write_list(workplace, late, "late.csv"), "early": write_list(workplace, early, "early.csv")}


@pytest.fixture(scope="session")
def sliced_store(fill, empty_store, rules):
    """An original in two shards and three slices (version 1), its references (2: late, 3: early, 4: 20-28)."""

    def act():
        train(SETTINGS)
        for rule in (*rules.values(), "20-28"):
            retrain(RetrainSettings(rule))

    return fill("sliced", empty_store, act)


@pytest.fixture
def sliced(sliced_store, use, rules):
    """A copy of the store; artifacts stay where they were written, so what a test deletes is gone for the next."""
    use(sliced_store)
    return rules


@pytest.fixture
def erased(monkeypatch):
    """What would be deleted, by run; nothing is."""
    calls = {}
    monkeypatch.setattr("unlearning.tracking.artifacts.erase", lambda run, names: calls.update({run: sorted(names)}) or [])
    return calls


def test_the_unlearned_version_is_the_retrained_one_bit_for_bit(sliced, erased):
    """A forget set that lies in both shards and in every slice."""
    made = unlearn(UnlearnSettings("sisa", forget_set="20-28"))[0]
    reference = find(MODEL, made.tag("reference_version"))
    assert weights(made) == weights(reference) != weights(find(MODEL, "1"))
    assert float(made.tag("Forgetting")) == float(made.tag("F")) == 1
    assert made.tag("exact") == "true"
    assert made.tag("scheme") == "sisa"
    assert predictions_of(made).equals(predictions_of(reference))


def test_the_cost_is_told_and_logged_before_and_after(sliced, erased, capfd):
    made = unlearn(UnlearnSettings("sisa", forget_set=sliced["late"]))[0]
    told = capfd.readouterr().err
    counted = parameters()
    assert "2 training faces lie in 1 of 2 shards; trained again are 1 of 6 slices (shard 0 from slice 2)" in told
    assert "the study's (R + 1) * S says 8" in told
    assert told.index("expected speed-up") < told.index("epoch 3/3") < told.index("measured speed-up")
    assert "trained by the same scheme" in told
    assert counted["sisa.first_touched_slices"] == counted["sisa.first_trained_slices"] == "0:2"
    assert counted["sisa.study_speed_up"] == "8"
    expected = int(counted["sisa.faces_anew"]) / int(counted["sisa.faces_to_show"])
    assert float(counted["sisa.expected_speed_up"]) == pytest.approx(expected, rel=1e-3)
    assert made.tag("retain_samples") == counted["sisa.faces_to_show"]
    assert made.tag("forget_samples") == "0"


def test_a_second_request_works_on_the_first_and_cleans_the_whole_line(sliced, erased):
    first = unlearn(UnlearnSettings("sisa", forget_set=sliced["late"], model="original"))[0]
    second = unlearn(UnlearnSettings("sisa", forget_set=sliced["early"], model=str(first.number)))[0]
    assert second.tag("forgotten").count(",") == 1
    assert weights(second)[0] == weights(first)[0]
    assert weights(second)[1] == weights(find(MODEL, "3"))[1]
    gone = ["sisa/shard-1/before-slice-2.safetensors"]
    assert erased == {find(MODEL, "1").run_id: gone, first.run_id: gone}, "checkpoints that have not seen them stay"
    assert kept_by(second, PLAN) == EVERY


@pytest.mark.slow
def test_deleted_checkpoints_are_gone_from_the_store_and_an_older_one_serves(use, fill, empty_store, rules, capfd):
    def act():
        train(SETTINGS)
        retrain(RetrainSettings(rules["early"]))
        unlearn(UnlearnSettings("sisa", forget_set=rules["early"]))
        assert kept_by(find(MODEL, "1"), PLAN) == EVERY - {(1, 2)}
        unlearn(UnlearnSettings("sisa", forget_set=rules["early"], model="original"))

    use(fill("erasing", empty_store, act))
    told = capfd.readouterr().err
    assert "checkpoints of version 1 (original) that have seen the forget set, deleted: shard 1 before slice 2\n" in told
    assert "checkpoints of version 1 (original) that have seen the forget set, deleted: none\n" in told
    assert weights(find(MODEL, "4")) == weights(find(MODEL, "3")) == weights(find(MODEL, "2"))


def test_a_checkpoint_that_another_request_deletes_meanwhile_is_done_without(sliced, erased, monkeypatch):
    real = runs.download
    gone = "sisa/shard-0/before-slice-2.safetensors"

    def download(run_id, name):
        return real(run_id, "sisa/shard-9/nothing" if name == gone else name)

    monkeypatch.setattr("unlearning.tracking.runs.download", download)
    assert weights(unlearn(UnlearnSettings("sisa", forget_set=sliced["late"]))[0]) == weights(find(MODEL, "2"))


def test_what_the_store_does_not_delete_is_named(sliced, monkeypatch, capfd):
    monkeypatch.setattr("unlearning.tracking.artifacts.erase", lambda run, names: names)
    made = unlearn(UnlearnSettings("sisa", forget_set=sliced["early"]))[0]
    told = capfd.readouterr().err
    assert "did NOT delete these, do it by hand: sisa/shard-1/before-slice-2.safetensors of version 1" in told
    assert "sisa.not_deleted" in finished.find_by_tags({"step": "unlearn"})[0]["tags"]
    assert made.number == 5


def test_another_method_keeps_the_aggregate_and_ends_the_isolation_of_shards(sliced):
    made = unlearn(UnlearnSettings("ft", forget_set="20-28", epochs=(1,)))[0]
    assert "slices" not in read_spec(model_folder(made))["training"]
    assert kept_by(made, PLAN) == set()
    with pytest.raises(InputError, match=r"trained in slices, and by no other method since"):
        unlearn(UnlearnSettings("sisa", forget_set=sliced["late"], model=str(made.number)))


@pytest.mark.slow
def test_a_forgotten_band_of_ages_leaves_the_ensemble(store):
    """The bands of 20-60 in two are 20-40 and 41-60."""
    train(replace(SETTINGS, shard_by="age", aggregate="median"))
    reference = retrain(RetrainSettings("20-40"))
    made = unlearn(UnlearnSettings("sisa", forget_set="20-40"))[0]
    ensemble = load_model(model_folder(made))
    assert ensemble.aggregate == Aggregate("median", (0,))
    assert weights(made) == weights(reference)
    table = predictions_of(made)
    assert table.predicted.equals(table.member_1.rename("predicted"))


def test_nothing_of_the_spec_follows_from_the_faces(sliced):
    spec = open_parent(find_version(MODEL, "1")).spec
    assert spec.age_mean == 40
    assert spec.age_std == pytest.approx(40 / 12**0.5)


@pytest.mark.slow
def test_first_weights_from_a_file_are_kept_because_a_seed_cannot_make_them_again_and_are_warned_of(store, tmp_path, capsys):
    spec = SETTINGS.model
    file = tmp_path / "first.pth"
    torch.save(build(spec, seed=7).backbone.state_dict(), file)
    train(replace(SETTINGS, model=replace(spec, weights=str(file))))
    reference = retrain(RetrainSettings("20-28"))
    digest = file_digest(str(file))
    file.unlink()
    made = unlearn(UnlearnSettings("sisa", forget_set="20-28"))[0]
    assert weights(made) == weights(reference)
    assert kept_by(made, PLAN) == EVERY | {(0, 0), (1, 0)}
    told = capsys.readouterr().err
    for step in ("train", "retrain", "unlearn"):
        assert f"{step}: training began with the weights file of sha256 {digest[:16]}..." in told
    assert began_with(read_spec(model_folder(made))) == f"the weights in the file with the sha256 {digest}"


def test_other_seeds_retrain_other_members(sliced):
    again = retrain(RetrainSettings("20-28", seeds=(3,)))
    assert again.tag("seeds") == ",".join(map(str, PLAN.seeds((3,))))
    with pytest.raises(InputError, match=r"seeds=1,2: .*give one"):
        retrain(RetrainSettings("20-28", seeds=(1, 2)))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"scheme": "sliced"}, "scheme='sliced' is unknown; legal: whole, sisa"),
        ({"seeds": (0, 1)}, "seeds=0,1: .* one seed serves all; give one"),
        ({"scheme": "whole", "slices": 4}, r"shards=2 means nothing with scheme=whole; add -P scheme=sisa"),
    ],
)
def test_settings_that_cannot_be_are_refused_before_anything_is_read(changes, reason):
    with pytest.raises(InputError, match=reason):
        replace(SETTINGS, **changes)
