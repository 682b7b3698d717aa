"""What is in memory and on the disk while pages are made, for whom, and how many are made at once."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context
from pathlib import Path

import pytest

from unlearning.server.limits import RefusedError
from unlearning.tracking import runs, temporary
from unlearning.versions.data import account_of
from unlearning.web import desk as desks
from unlearning.web import seen
from unlearning.web.desk import Desk, computes
from unlearning.web.seen import Registry

MODEL = "age-resnet50"


def test_what_was_read_for_one_page_is_no_other_page_s(monkeypatch):
    """Whoever may not read a run is refused by the store, and never given what another's rights have fetched."""
    asked = []
    monkeypatch.setattr(runs, "read_table", lambda run_id, *more: asked.append(run_id))
    desk = Desk()

    def page(run_id):
        with desk.taken():
            account_of(run_id)
            account_of(run_id)

    with desk.taken():
        account_of("first")
        Context().run(page, "first")
        account_of("first")
    page("first")
    assert asked == ["first"] * 6, "manifest and rejected files, once for each of three pages"


def test_what_is_fetched_behind_a_page_stays_until_it_was_read_and_no_longer(filled, monkeypatch):
    begun, go_on, fetched = threading.Event(), threading.Event(), []
    desk, look_at = Desk(), seen.look_at
    registry = Registry(MODEL, desk)
    registry.seen("anna")

    def slowly(model):
        fetched.append(Path(temporary.own_folder()) / "fetched")
        fetched[0].mkdir()
        begun.set()
        go_on.wait(20)
        assert fetched[0].is_dir()
        return look_at(model)

    monkeypatch.setattr(seen, "look_at", slowly)
    monkeypatch.setattr(seen, "FRESH", -1)
    with desk.taken():
        registry.seen("anna")
        assert begun.wait(20)
    assert fetched[0].is_dir()
    go_on.set()
    with registry._reading:
        assert not fetched[0].exists()


def test_what_was_opened_for_a_page_goes_with_it_on_a_local_store_too(store):
    """Sealed lists are opened into a file, which names people."""
    with Desk().taken():
        opened = temporary.own_folder() / "opened" / "manifest.csv"
        opened.parent.mkdir()
        opened.write_text("id")
    assert not opened.exists()


def test_readers_who_come_at_once_or_after_days_wait_for_one_reading(filled, monkeypatch):
    read, look_at = [], seen.look_at

    def slowly(model):
        time.sleep(0.2)
        read.append(look_at(model))
        return read[-1]

    monkeypatch.setattr(seen, "look_at", slowly)
    registry = Registry(MODEL, Desk())
    for count in (1, 2):
        with ThreadPoolExecutor(3) as pool:
            told = list(pool.map(registry.seen, ["anna"] * 3))
        assert [one.look for one in told] == [read[-1]] * 3
        assert len(read) == count
        told[0].time -= 11 * seen.FRESH


def test_pages_that_compute_wait_for_their_turn_and_not_for_ever(monkeypatch):
    inside, go_on = threading.Semaphore(0), threading.Event()

    @computes()
    def page():
        inside.release()
        go_on.wait(20)

    threads = [threading.Thread(target=page) for _ in range(desks.AT_ONCE)]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert inside.acquire(timeout=20)
    monkeypatch.setattr(desks, "PATIENCE", 0.01)
    with pytest.raises(RefusedError, match="the server is busy"):
        page()
    monkeypatch.setattr(desks, "PATIENCE", 20)
    threading.Timer(0.1, go_on.set).start()
    page()
    for thread in threads:
        thread.join()
