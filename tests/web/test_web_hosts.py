"""Under which names the pages are reached."""

import re
from contextlib import nullcontext
from types import SimpleNamespace

import pytest
from starlette.testclient import TestClient

from unlearning.errors import InputError
from unlearning.settings.serving import WebSettings
from unlearning.web import serving


@pytest.mark.parametrize("hosts", ["http://a.org", "a.org:443", "a.org/unlearning", "a*.org", "*a.org", "*.", "ä.org", "a b"])
def test_what_no_browser_sends_as_a_name_is_refused(hosts):
    with pytest.raises(InputError, match="is no name that a browser can send"):
        WebSettings(hosts=hosts)


@pytest.mark.parametrize("hosts", ["a.org, b-2.example.org", "*.example.org", "10.0.0.7,[fe80::1]"])
def test_names_and_addresses_are_taken_in_silence(hosts, capsys, monkeypatch):
    assert "every name is answered" not in said(hosts, capsys, monkeypatch)


def test_that_every_name_is_answered_is_said_aloud(capsys, monkeypatch):
    assert "hosts=*: every name is answered" in said("a.org,*", capsys, monkeypatch)


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "::", "fd00::5", "officer.example.org"])
def test_the_address_that_is_told_is_answered(host, capsys, monkeypatch):
    served = []
    [address] = re.findall(r"http://\S+", said("", capsys, monkeypatch, served, host))
    assert TestClient(served[0], base_url=address).get("/").status_code == 401, "it asks for a name"
    assert TestClient(served[0], base_url="http://other.example.org").get("/").status_code == 400


def said(hosts, capsys, monkeypatch, served=None, host="127.0.0.1") -> str:
    """What ``web`` says before its server runs, which it does not here."""
    served = [] if served is None else served
    for name in ("speak_for_others", "is_server"):
        monkeypatch.setattr(serving, name, lambda: True)
    taken = SimpleNamespace(getsockname=lambda: (host, 5002))
    monkeypatch.setattr(serving, "listening", lambda *asked: nullcontext(taken))
    monkeypatch.setattr(serving, "server_of", lambda app: served.append(app) or SimpleNamespace(run=lambda sockets: None))
    serving.web(WebSettings(host=host, hosts=hosts))
    return capsys.readouterr().err
