"""A forget set is read once, and every run and version that uses it holds who was in it."""

import re
import subprocess
from dataclasses import replace
from functools import partial

import mlflow
import pytest

from made import small
from unlearning.data.forget import ForgetSet, Known, forget_mask, resolve
from unlearning.errors import InputError
from unlearning.registry import moves
from unlearning.registry.lookup import all_versions, find
from unlearning.registry.transitions import transition
from unlearning.registry.version import Version
from unlearning.settings.forgetting import EvaluateSettings, PromoteSettings, UnlearnSettings
from unlearning.settings.training import PipelineSettings, RetrainSettings
from unlearning.steps.evaluate import evaluate
from unlearning.steps.pipeline import pipeline
from unlearning.steps.promote import promote
from unlearning.steps.retrain import retrain
from unlearning.steps.status import look_at, render
from unlearning.steps.unlearn import open_request, unlearn
from unlearning.tracking import runs
from unlearning.versions.data import account_of
from unlearning.versions.files import predictions_of
from unlearning.versions.forget_sets import foresee, forgotten_by, manifest_rule, of_version, read_rule

MODEL = "age-resnet50"
RULE = "20-28 & gender:1"
LISTED = 10


def of_table(table) -> list[str]:
    """Ten training faces, as one person's pictures could be."""
    return list(table.file[(table.split == "train")][:LISTED])


@pytest.fixture(scope="module")
def asked_store(fill, workplace, trained_store, data):
    """Two more requests: a rule of two words, forgotten by version 6 (ft, 1 epoch), and a list file, forgotten by version 8.

    The list is deleted in the end.
    """
    path = workplace / "her pictures.csv"
    path.write_text("\n".join(["file", *of_table(data.manifest)]))

    def ask():
        for rule in (RULE, f'file:"{path}"'):
            retrain(RetrainSettings(rule, epochs=1))
            unlearn(UnlearnSettings(forget_set=rule, epochs=(1,)))
        path.unlink()

    return fill("asked", trained_store, ask)


@pytest.fixture
def asked(use, asked_store):
    use(asked_store)


@pytest.fixture
def people(data) -> ForgetSet:
    """Whom the rule of two words means."""
    return resolve(RULE, Known(data.manifest, data.rejected), data.digest)


@pytest.fixture
def her(data) -> ForgetSet:
    """Whom the list means."""
    table = data.manifest
    return ForgetSet("", "", data.digest, tuple(sorted(table.id[table.file.isin(of_table(table))])))


def version(alias: str) -> Version:
    return find(MODEL, alias)


def parent_of(run_id: str) -> str:
    return mlflow.get_run(run_id).data.tags["mlflow.parentRunId"]


def test_runs_and_versions_say_who_was_to_be_forgotten_and_shown_to_no_reference(asked, people, data):
    told = {"forget_set": people.name, "forget_rule": RULE, "forget_sha256": people.sha256}
    told["forget_count"] = str(len(people.ids))
    evaluate(EvaluateSettings("6"))
    (evaluated,) = mlflow.search_runs(filter_string="tags.step = 'evaluate'", output_format="list")
    unlearned = version("6").run_id
    for run_id in (version("5").run_id, unlearned, parent_of(unlearned), evaluated.info.run_id):
        assert mlflow.get_run(run_id).data.tags.items() >= told.items()
        assert ForgetSet.from_dict(runs.read_json(run_id, f"forget/{people.name}.json")) == people
    for number in "56":
        assert version(number).tags.items() >= told.items()
        assert version(number).tag("forgotten") == people.name
    assert RULE in render(look_at(MODEL), "markdown")
    retained = mlflow.get_run(version("5").run_id).inputs.dataset_inputs[0].dataset
    assert retained.digest == f"{data.digest}-{(data.manifest.split != 'test').sum() - len(people.ids)}"
    name = people.sha256[:10]
    assert version("5").aliases == (f"retrained-{name}",)
    assert version("6").aliases == (f"ft-{name}-e1",)


def test_a_list_is_not_needed_once_it_was_read(asked, her):
    made = version("8")
    assert of_version(made).ids == her.ids
    assert len(her.ids) >= LISTED
    row = evaluate(EvaluateSettings("8")).iloc[0]
    assert pytest.approx(float(made.tag("F")), rel=1e-5) == row.F
    promote(PromoteSettings("8", gates="F > 0"))
    assert version("champion").number == 8
    assert (version("8").tag("state"), version("8").tag("forgotten")) == ("unproven", her.sha256[:10])


def test_a_second_request_keeps_both_manifests_and_forgets_both(asked, her):
    promote(PromoteSettings("8", gates="F > 0"))
    job = open_request(UnlearnSettings(forget_set="20-28")).job
    assert not {*her.ids, *job.forget_set.ids} & {*job.retain.frame.id}
    (made,) = unlearn(UnlearnSettings(forget_set="20-28", epochs=(1,)))
    assert made.tag("parent_version") == "8"
    assert made.tag("forgotten") == f"{her.sha256[:10]},20-28"
    assert [forget.ids for forget in forgotten_by(made)] == [her.ids, job.forget_set.ids]
    for run_id in (made.run_id, parent_of(made.run_id)):
        assert runs.read_json(run_id, f"forget/{her.sha256[:10]}.json")["ids"] == list(her.ids)
        assert mlflow.get_run(run_id).data.tags["forget_set"] == "20-28"
    evaluate(EvaluateSettings(str(made.number)))
    assert forget_mask(predictions_of(made), of_version(made)).sum() == len(job.forget_set.ids)


def test_whom_a_version_has_forgotten_it_is_not_asked_to_forget_again_and_other_words_are_the_same_request(asked):
    with pytest.raises(InputError, match=r"version 6 .* was made to forget 20-28 & gender:1 already; .* -P model=original"):
        open_request(UnlearnSettings(forget_set=RULE, model="6"))
    promote(PromoteSettings("6", gates="F > 0"))
    assert open_request(UnlearnSettings(forget_set=RULE)).job.parent.version.tag("role") == "original"
    assert open_request(UnlearnSettings(forget_set="20-28")).job.parent.version.number == 6
    assert open_request(UnlearnSettings(forget_set="gender:female & (group:0)", model="original")).reference.number == 5


def test_hardest_means_the_largest_errors_of_the_original_for_retrain_and_unlearn(trained):
    reference = retrain(RetrainSettings("hardest:5", epochs=1))
    request = open_request(UnlearnSettings(forget_set="hardest:5"))
    assert request.reference.number == reference.number
    assert request.job.forget_set == of_version(reference)
    table = predictions_of(version("original"))
    learned = table[table.split != "test"]
    assert set(request.job.forget_set.ids) == set(learned.id.loc[(learned.predicted - learned.age).abs().nlargest(5).index])


def test_only_a_rule_that_asks_a_model_is_not_read_before_there_is_one(data, tmp_path):
    (tmp_path / "hardest.csv").write_text("file\n")
    foresee("20-60 & hardest:5", data)
    with pytest.raises(InputError):
        foresee(f"file:{tmp_path}/hardest.csv", data)


RULES = ["20-28 & !gender:1 | race:2", 'file:"my list.csv" & !20-28', "file:$HOME.csv", "hardest:5"]


def command_of(refusal) -> list[str]:
    """The words of the command that an error ends with, as a shell gives them to mlflow, without the environment at its end."""
    printing = "printf '%s\\n' " + re.search(r"mlflow run .*", str(refusal.value))[0]
    return subprocess.run(["sh", "-c", printing], capture_output=True, text=True, check=True).stdout.splitlines()[:-2]


def test_a_manifest_of_a_run_means_whom_it_named_then(asked, data):
    """Although the list that the rule spoke of is gone."""
    made = version("8")
    forget = of_version(made)
    rule = manifest_rule(made.run_id, forget)
    assert read_rule(rule, data, made) == forget
    other = replace(data, manifest=data.manifest[1:])
    with pytest.raises(InputError, match=f"is of data {data.digest}, and .* made from data {other.digest}"):
        read_rule(rule, other, made)
    with pytest.raises(InputError, match=r"'manifest:abc' cannot be read; legal: manifest:RUN_ID/NAME"):
        read_rule("manifest:abc", data, made)
    with pytest.raises(InputError, match=r"forget/20-28\.json of run abc cannot be read"):
        read_rule("manifest:abc/20-28", data, made)


def test_without_a_reference_the_exact_command_is_given(untouched, data):
    for name in ("my list.csv", "$HOME.csv"):
        (untouched / name).write_text("\n".join(of_table(data.manifest)))
    for rule in RULES:
        with pytest.raises(InputError, match="there is no retrained reference for the forget set") as refusal:
            open_request(UnlearnSettings(forget_set=rule))
        assert command_of(refusal) == ["mlflow", "run", ".", "-e", "retrain", "-P", f"forget_set={rule}"]


def test_the_command_for_the_hardest_faces_of_a_later_version_makes_the_reference_that_was_missing(trained, data):
    transition(MODEL, partial(moves.promote, number=2, forget_set="20-28", tags={}))
    tables = [predictions_of(version(alias)) for alias in ("original", "champion")]
    known = [Known(data.manifest, data.rejected, table) for table in tables]
    rules = (f"hardest:{count}" for count in range(1, 90))
    rule = next(rule for rule in rules if len({resolve(rule, one, data.digest).sha256 for one in known}) == 2)
    with pytest.raises(InputError) as refusal:
        open_request(UnlearnSettings(forget_set=rule))
    given = dict(word.split("=") for word in command_of(refusal) if "=" in word)
    reference = retrain(RetrainSettings(**given, epochs=1))
    assert open_request(UnlearnSettings(forget_set=rule)).reference.number == reference.number


def test_a_rule_means_the_same_read_against_the_account_of_a_run(untouched, data):
    told, known = Known(*account_of(version("original").tag("data_run"))), Known(data.manifest, data.rejected)
    for rule in ("20-28 & !gender:1 | race:2", "random:12@3", "random:0.1"):
        assert resolve(rule, told, data.digest) == resolve(rule, known, data.digest)


@pytest.mark.slow
def test_the_whole_job_takes_the_hardest_faces_and_reuses_its_steps(store, capfd):
    rule = "hardest:8"
    train = small()
    job = PipelineSettings(train, rule, "ft", (1,), 15.0, "F > 0")
    pipeline(job)
    name = version("champion").tag("forget_set")
    aliases = {alias for one in all_versions(MODEL) for alias in one.aliases}
    assert aliases == {"original", "champion", f"retrained-{name}", f"retrained-{name}-seeds-101-102", f"ft-{name}-e1"}
    scored = [one for one in all_versions(MODEL) if not any("seeds" in alias for alias in one.aliases)]  # those are the floor
    assert {one.tag("scored_on") for one in scored} == {name}
    capfd.readouterr()
    pipeline(job)
    said = capfd.readouterr().err
    assert all(f"{step}: reused" in said for step in ("prepare", "train", "retrain", "unlearn (ft)"))
    assert len(all_versions(MODEL)) == 4
