"""web: serve the pages until the process is told to end."""

from __future__ import annotations

from contextlib import nullcontext, suppress

from unlearning.errors import InputError
from unlearning.progress import say
from unlearning.server.http import server_of
from unlearning.settings.checks import listed
from unlearning.settings.serving import WebSettings
from unlearning.steps.serve import address_of, listening, name_of
from unlearning.tracking import runs
from unlearning.tracking.store import prepare_store
from unlearning.web.application import Application
from unlearning.web.rights import is_server, speak_for_others

LOOPBACK = ("127.0.0.1", "localhost", "::1", "[::1]")
ANY = "*"


def web(settings: WebSettings) -> None:
    """Answer until the process is told to end.

    Raises:
        InputError: the port is taken, or others than this machine would act in a store without users.
    """
    users = speak_for_others()
    if not is_server():
        prepare_store()
    if not users and (settings.host not in LOOPBACK or settings.hosts):
        raise InputError(
            f"host={settings.host} hosts={settings.hosts!r}: the store knows no users, so whoever reaches this page may do "
            f"everything; leave host at 127.0.0.1 and hosts empty, or set up a server with names: docs/server.md"
        )
    hosts = [*LOOPBACK, settings.host, name_of(settings.host), *listed(settings.hosts)]
    if ANY in hosts:
        say("web: hosts=*: every name is answered, also one that another site lets point here; better name those that are used")
    path = settings.path.rstrip("/")
    run = runs.run("web", f"pages about {settings.name}") if runs.launched() and not users else nullcontext()
    with run, listening(settings.host, settings.port) as taken, suppress(KeyboardInterrupt):
        say(f"web: {address_of(settings.host, taken.getsockname()[1])}{path}/ is ready; stop it with Ctrl-C")
        server_of(Application(settings.name, hosts, path, users).asgi()).run([taken])
