"""Names of registered models: what a filter, a URI or a lock would take for something else is refused before any work."""

import mlflow
import pytest
from click.testing import CliRunner

from registered import fill
from unlearning.errors import InputError
from unlearning.registry import journal, lock
from unlearning.registry.lookup import all_versions, find
from unlearning.requests import store as requests
from unlearning.settings.registry import StatusSettings
from unlearning.settings.training import TrainSettings

ILLEGAL = ["o'brien", "a/b", "a:b", "a?b", "a\nb", "\t", "", " ", ".", "..", "a.lock", "a.lock-after-3f", "a" * 201]
LEGAL = ["a%b", "a_b", "axb", 'a"b', "a`b", "a\\", "a@b", "a#b", "$HOME & (größe)", "a.locks"]


@pytest.mark.parametrize("name", ILLEGAL, ids=ascii)
def test_a_name_that_cannot_be_used_is_refused_before_any_work(name):
    for refuse in (lambda: TrainSettings(name=name), lambda: all_versions(name), lambda: find("age", "models:/o'brien/2")):
        with pytest.raises(InputError, match="cannot be a registered model's; legal: up to 200 printable characters without"):
            refuse()


def test_every_option_for_the_name_of_a_model_refuses_it_with_the_same_sentence():
    import click

    from entrypoints import experiment, status, train
    from entrypoints.declared import declared

    taking = click.command()(declared(StatusSettings, "name")(lambda name: click.echo(name)))
    for command in (taking, status.main, train.main, experiment.main):
        said = CliRunner().invoke(command, ["--name", "o'brien"])
        assert (said.exit_code, "cannot be a registered model's; legal: up to 200" in said.output) == (2, True)
    assert CliRunner().invoke(taking, ["--name", "50%"]).output == "50%\n"


def test_a_legal_name_is_found_by_every_search(store):
    """Together, so that one that stood for more than itself would find others' versions."""
    for name in LEGAL:
        TrainSettings(name=name)
        client = mlflow.MlflowClient()
        client.create_registered_model(name)
        client.create_model_version(name, "/elsewhere")
    for name in LEGAL:
        (version,) = all_versions(name)
        assert version.model == name
        assert find("age-resnet50", version.uri) == version
        assert requests.listed(name) == []


def test_signs_that_mean_anything_in_a_filter_mean_themselves_in_a_lock(store):
    odd, other = "a_%b", "axxb"
    fill(odd, 1)
    mlflow.MlflowClient().create_registered_model(f"{other}.lock-after-x")
    with lock.registry_lock(odd) as held:
        lock.clear_leftovers(held)
    assert f"{other}.lock-after-x" in [one.name for one in mlflow.MlflowClient().search_registered_models()]
    assert [entry["what"] for entry in journal.find_journal(odd).entries] == ["install"] * 3
