"""Under which names the pages are reached."""

from types import SimpleNamespace

import pytest

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


def said(hosts, capsys, monkeypatch) -> str:
    """What ``web`` says before its server runs, which it does not here."""
    for name in ("speak_for_others", "is_server"):
        monkeypatch.setattr(serving, name, lambda: True)
    monkeypatch.setattr(serving, "server_of", lambda application: SimpleNamespace(run=lambda sockets: None))
    serving.web(WebSettings(port=0, hosts=hosts))
    return capsys.readouterr().err
