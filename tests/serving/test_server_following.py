"""Promotion, rollback, purge, damage and a store that is away, as they reach a server that answers meanwhile."""

import shutil
import threading
from pathlib import Path

import mlflow
import pytest
import requests
from mlflow.exceptions import MlflowException

from asking import MODEL, started
from erasable import take_own_models
from unlearning.errors import InputError
from unlearning.registry import lookup, servers
from unlearning.registry.lookup import find
from unlearning.server import loaded
from unlearning.server.following import Following
from unlearning.server.limits import Limits
from unlearning.server.loaded import Loaded
from unlearning.server.numbers import Numbers
from unlearning.settings.forgetting import PromoteSettings
from unlearning.settings.registry import PurgeSettings, RollbackSettings
from unlearning.steps.process import _served
from unlearning.steps.promote import promote
from unlearning.steps.purge import purge
from unlearning.steps.rollback import rollback
from unlearning.steps.status import look_at, render
from unlearning.tracking import temporary
from unlearning.versions.files import model_folder
from waiting import wait_until

THE_FOURTH = PromoteSettings("4", "test_mae < 100")


@pytest.fixture
def own(use, promoted_store):
    """A copy of the promoted store with models of its own, free to be changed."""
    return take_own_models(use(promoted_store))


class Clients:
    """Threads that ask until they are told to stop, and what they heard: status, version, ages."""

    def __init__(self, asked, body, count: int):
        self.heard, self._stop = [], threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(asked, body)) for _ in range(count)]

    def _ask(self, asked, body):
        while not self._stop.is_set():
            answer = asked.json(body)
            ages = tuple(round(age, 3) for age in answer.json().get("predictions", ()))
            self.heard.append((answer.status_code, answer.headers.get("model-version"), ages))

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error):
        self._stop.set()
        for thread in self._threads:
            thread.join()


def test_a_promotion_and_a_rollback_reach_every_client_and_fail_nobody(own, texts):
    """Every answer is one version's alone: whoever is told a version hears its ages."""
    body = {"dataframe_records": [{"image": text} for text in texts]}
    with started() as asked:
        old = asked.following.current
        with Clients(asked, body, 4) as clients:
            promote(THE_FOURTH)
            asked.following.look()
            new = asked.following.current
            rollback(RollbackSettings("3", "for the test"))
            asked.following.look()
            assert asked.json(body).headers["model-version"] == f"{MODEL}/3"
        assert asked.numbers()["age_switches_total"] == 2
    assert {status for status, _, _ in clients.heard} == {200}
    by_version = {}
    for _, label, ages in clients.heard:
        by_version.setdefault(label, ages)
        assert ages == pytest.approx(by_version[label], abs=2e-3)
    assert f"{MODEL}/3" in by_version
    assert by_version.keys() <= {f"{MODEL}/3", f"{MODEL}/4"}
    assert not any(hasattr(one, "ensemble") for one in (old, new)), "nobody asks them, and they were given up"


def test_what_is_given_up_is_overwritten(own):
    opened = Loaded(find(MODEL, "3"), Limits(), Numbers())
    weights = [one for member in opened.ensemble.members for one in member.state_dict().values()]
    assert all(one.any() for one in weights if one.ndim > 1)
    opened.forget()
    assert not any(one.any() for one in weights)


def test_the_registry_knows_who_answers_with_what_until_the_server_ends(own):
    assert servers.live(MODEL) == []
    with started() as asked:
        (known,) = servers.live(MODEL)
        assert (known.address, known.follows, known.version) == (asked.address, "champion", "3")
        assert known.sentence in render(look_at(MODEL), "table").replace("\n", " ")
        assert asked.address in render(look_at(MODEL), "json")
        assert asked.address in render(look_at(MODEL), "html")
        champion = find(MODEL, "champion")
        assert servers.served_since(champion) == asked.following.current.since.replace(microsecond=0)
        promote(THE_FOURTH)
        champion = find(MODEL, "champion")
        assert [one.version for one in servers.behind(champion)] == ["3"]
        assert servers.served_since(champion) is None
        asked.following.look()
        assert (servers.behind(champion), servers.holding(find(MODEL, "3"))) == ([], [])
    assert servers.live(MODEL) == []


def test_the_end_of_a_request_says_who_serves_it_and_who_does_not(own, monkeypatch):
    champion = find(MODEL, "champion")
    assert _served(champion) == ""
    servers.Heart(MODEL, "champion", "http://near:5001", 600.0).beat(3, None, [])
    assert _served(champion) == " by http://near:5001"
    servers.Heart(MODEL, "champion", "http://far.away:5001", 600.0).beat(2, None, [])
    monkeypatch.setattr(servers, "LONGEST", 0.1)
    assert _served(champion).startswith(", but not everywhere: http://far.away:5001 answers with version 2")


def test_a_server_that_is_heard_of_no_more_is_taken_for_gone(own, monkeypatch):
    heart = servers.Heart(MODEL, "champion", "http://far.away:5001", 1.0)
    assert servers.live(MODEL) == [], "it has not said yet what it answers with"
    heart.beat(3, None, [2])
    assert [one.holding for one in servers.live(MODEL)] == [("2",)]
    monkeypatch.setattr(servers, "MISSED", -1000)
    assert servers.live(MODEL) == []


def test_a_purge_reaches_a_server_that_follows_the_version_itself_and_names_one_that_does_not_listen(own, texts):
    promote(THE_FOURTH)
    lost = servers.Heart(MODEL, "3", "http://far.away:5001", 600.0)
    lost.beat(3, None, [])
    with started(follow="3", refresh=0.5) as asked, pytest.MonkeyPatch.context() as patch:
        patch.setattr(servers, "LONGEST", 5.0)
        report = purge(PurgeSettings("3", confirm=f"{MODEL}/3"))
        named = [note for note in report.notes if "in memory still" in note]
        assert len(named) == 1
        assert "http://far.away:5001" in named[0]
        answer = asked.json({"inputs": {"image": texts}})
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert "no version of age-resnet50 is served now: version 3 was purged" in answer.json()["message"]


def test_a_store_that_is_away_leaves_what_is_served(own, texts, monkeypatch, capsys):
    body = {"inputs": {"image": texts}}
    with started() as asked:
        before = asked.json(body).json()
        with monkeypatch.context() as patch:
            patch.setattr(lookup, "named", away)
            for _ in range(3):
                asked.following.look()
            assert asked.json(body).json() == before
        assert asked.numbers()["age_follow_failures_total"] == 3
        asked.following.look()
        assert asked.following.trouble == ""
    said = [line for line in capsys.readouterr().out.splitlines() if '"trouble"' in line or '"well again"' in line]
    assert len(said) == 2, "told once when it begins and once when it ends"


def away(*asked):
    raise MlflowException("API request failed: the host does not answer")


def test_a_version_whose_files_are_not_those_that_were_registered_is_not_switched_to_and_named(own, texts, capsys, monkeypatch):
    promote(THE_FOURTH)
    folder = Path(mlflow.artifacts.download_artifacts("models:/age-resnet50/3"))
    weights = next(folder.rglob("member-0.safetensors"))
    weights.write_bytes(weights.read_bytes()[:-8] + bytes(8))
    with started() as asked:
        lead_to("3")
        for _ in range(2):
            asked.following.look()
        assert asked.json({"inputs": {"image": texts}}).headers["model-version"] == f"{MODEL}/4"
        assert asked.following.trouble.startswith("version 3 is not served: its files are not those")
        with monkeypatch.context() as patch:
            patch.setattr(lookup, "named", away)
            asked.following.look()
        asked.following.look()
        assert asked.following.trouble.startswith("version 3 is not served"), "and no longer that the look failed"
        lead_to("4")
        asked.following.look()
        assert asked.following.trouble == ""
        lead_to("3")
        asked.following.look()
        assert asked.following.trouble.startswith("version 3 is not served")
    assert capsys.readouterr().out.count("member-0.safetensors of version 3") == 1, "they are not hashed at every look"


def lead_to(number: str):
    """The alias is moved by hand, as in MLflow's pages: nobody looks at the files."""
    mlflow.MlflowClient().set_registered_model_alias(MODEL, "champion", number)


def test_a_version_that_could_not_be_fetched_is_tried_again(own, texts, monkeypatch):
    with started() as asked:
        promote(THE_FOURTH)
        with monkeypatch.context() as patch:
            patch.setattr(loaded, "model_folder", away)
            asked.following.look()
            assert asked.following.served == f"{MODEL}/3"
        asked.following.look()
        assert asked.following.served == f"{MODEL}/4"


def test_a_purged_version_answers_no_more_although_what_takes_its_place_cannot_be_opened(own, texts, monkeypatch):
    with started() as asked:
        promote(THE_FOURTH)
        mlflow.MlflowClient().set_model_version_tag(MODEL, "3", "state", "purged")
        monkeypatch.setattr(loaded, "model_folder", away)
        asked.following.look()
        assert asked.json({"inputs": {"image": texts}}).status_code == 503


def test_a_server_that_loads_for_long_is_heard_of_meanwhile_and_one_that_has_ended_takes_nothing_up(own, monkeypatch):
    promote(THE_FOURTH)
    loads, may_load, opened = threading.Event(), threading.Event(), loaded.model_folder

    def slowly(version):
        loads.set()
        return may_load.wait(60) and opened(version)

    with started(follow="champion", refresh=0.3) as asked:
        monkeypatch.setattr(loaded, "model_folder", slowly)
        rollback(RollbackSettings("3", "for the test"))
        assert loads.wait(30)
        (first,) = servers.live(MODEL)
        wait_until(lambda: servers.live(MODEL)[0].seen > first.seen, 30)
        assert [one.version for one in servers.live(MODEL)] == ["4"]
        threading.Timer(0.5, may_load.set).start()
    assert asked.following.current is None
    assert asked.following._users == {}


def test_a_version_behind_a_server_is_fetched_and_leaves_no_copy(own, texts, monkeypatch):
    before = set(temporary.own_folder().rglob("*.safetensors"))
    fetched = []

    def fetch(version):
        folder = temporary.own_folder() / f"fetched-{version.number}" / "age_model"
        shutil.copytree(model_folder(version), folder)
        fetched.append(folder)
        return folder

    monkeypatch.setattr(loaded, "model_folder", fetch)
    with started() as asked:
        assert asked.json({"inputs": {"image": texts}}).status_code == 200
    assert fetched
    assert set(temporary.own_folder().rglob("*.safetensors")) == before


def test_no_server_is_said_to_serve_everywhere_while_another_answers_with_something_else(own):
    champion = find(MODEL, "champion")
    with started():
        assert servers.served_since(champion)
        servers.Heart(MODEL, "original", "http://far.away:5001 (beside)", 600.0).beat(1, None, [])
        assert servers.served_since(champion) is None


def test_where_the_store_does_not_tell_who_serves_nothing_fails(own, capsys):
    with started():
        pass
    mlflow.delete_experiment(mlflow.get_experiment_by_name(servers.EXPERIMENT).experiment_id)
    assert _served(find(MODEL, "champion")) == ""
    assert "which servers answer is not known: the experiment" in capsys.readouterr().err


def test_an_alias_that_is_taken_away_leaves_what_is_served_and_is_told(own, texts):
    with started() as asked:
        mlflow.MlflowClient().delete_registered_model_alias(MODEL, "champion")
        asked.following.look()
        assert asked.json({"inputs": {"image": texts}}).status_code == 200
        assert asked.following.trouble == "'champion' leads to no version of age-resnet50 any more"


def test_the_page_shows_the_age_of_another_version_beside_it_for_as_long_as_that_is_served(own, pictures, monkeypatch):
    held = Following.held

    def purged(self):
        if self.follow == "original":
            self._switch(None)
        return held(self)

    with started(beside="original") as asked:
        shown = with_picture(asked, pictures[0]).text
        assert "says age-resnet50/3" in shown
        assert "says age-resnet50/1" in shown
        assert [one.follows for one in servers.live(MODEL)] == ["champion", "original"]
        monkeypatch.setattr(Following, "held", purged)
        shown = with_picture(asked, pictures[0])
        assert shown.status_code == 200
        assert "says age-resnet50/3" in shown.text
        assert "says age-resnet50/1" not in shown.text


def with_picture(asked, picture):
    return requests.post(asked.address, files={"image": ("x.jpg", picture)}, timeout=60)


def test_the_header_of_a_page_with_ages_names_the_version_that_gave_them(own, pictures, monkeypatch):
    in_words = Loaded.in_words

    def promoted_meanwhile(self, picture):
        asked.following.look()
        return in_words(self, picture)

    with started() as asked:
        promote(THE_FOURTH)
        monkeypatch.setattr(Loaded, "in_words", promoted_meanwhile)
        shown = with_picture(asked, pictures[0])
        assert asked.following.served == f"{MODEL}/4"
        assert "says age-resnet50/3" in shown.text
        assert shown.headers["model-version"] == f"{MODEL}/3"


def test_a_user_who_may_only_read_serves_and_is_told_that_nobody_knows(own, texts, monkeypatch, capsys):
    def refuse(*given):
        raise InputError("the server lets you read, and write no run")

    monkeypatch.setattr(servers, "Heart", refuse)
    with started() as asked:
        assert asked.json({"inputs": {"image": texts}}).status_code == 200
    assert "unknown to the registry" in capsys.readouterr().out
