"""serve: answer requests with the version that an alias leads to, and follow it."""

import signal
import socket
from contextlib import ExitStack, suppress
from functools import partial

from unlearning.commands import spelt
from unlearning.errors import InputError, TerminatedError
from unlearning.progress import say
from unlearning.server.application import Application
from unlearning.server.following import Following
from unlearning.server.http import server_of
from unlearning.server.loaded import Loaded
from unlearning.server.numbers import Numbers
from unlearning.settings.serving import ServeSettings
from unlearning.tracking import runs
from unlearning.tracking.store import prepare_store


def serve(settings: ServeSettings) -> None:
    """Answer until the process is told to end.

    Raises:
        InputError: there is no such version, its files are not those that were registered, or the port is taken.
    """
    prepare_store()
    with runs.run_if_launched("serve", f"serve {settings.name}"), ExitStack() as ends:
        ends.callback(signal.signal, signal.SIGTERM, signal.signal(signal.SIGTERM, _asked_to_end))
        taken = ends.enter_context(listening(settings.host, settings.port))
        address = settings.address or address_of(settings.host, taken.getsockname()[1])
        numbers = Numbers()
        following = _begun(settings, settings.follow, address, numbers, ends)
        beside = _begun(settings, settings.beside, f"{address} (beside)", Numbers(), ends) if settings.beside else None
        say(f"serve: {following.served} answers at {address}, and follows {settings.follow}; stop it with Ctrl-C")
        server = server_of(Application(following, numbers, settings.limits, beside).asgi())
        with suppress(KeyboardInterrupt):  # Ctrl-C, which uvicorn hands on when it has answered what was begun
            server.run([taken])


def _asked_to_end(*signalled: object) -> None:
    """uvicorn hands the signal on when it has answered what was begun; then the registry is told."""
    raise TerminatedError("the server was asked to end")


def listening(host: str, port: int) -> socket.socket:
    """The port, taken before anything is loaded."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        where = f"host={host} port={port}"
        raise InputError(f"{where} cannot be listened at: {error.strerror}; take another: {spelt(port=port + 1)}") from error


def name_of(host: str) -> str:
    """How an address names the server to others: by this machine's name, where it listens everywhere."""
    if host in ("0.0.0.0", "::"):
        return socket.gethostname()
    return f"[{host}]" if ":" in host else host


def address_of(host: str, port: int) -> str:
    """Where others may reach the server."""
    return f"http://{name_of(host)}:{port}"


def _begun(settings: ServeSettings, follow: str, address: str, numbers: Numbers, ends: ExitStack) -> Following:
    open_version = partial(Loaded, limits=settings.limits, numbers=numbers)
    following = Following(settings.name, follow, open_version, numbers, settings.refresh)
    ends.callback(following.end)
    following.begin(address)
    return following
