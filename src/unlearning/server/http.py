"""uvicorn, with patience that ends: a client that sends the head of a request slowly, or never, is hung up on."""

import asyncio

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS = 10.0
IDLE_SECONDS = 75  # between two requests on one connection


class Patient(H11Protocol):
    """h11's bounds on the size of a head, and one on its time; the time of a body is the application's."""

    _hang_up: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._mind()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._mind()

    def on_response_complete(self) -> None:
        super().on_response_complete()  # which begins with the next request, if that came together with this one
        self._mind_next()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._stop_minding()

    def _mind_next(self) -> None:
        if self.cycle is not None and not self.cycle.response_complete:
            self._stop_minding()

    def _mind(self) -> None:
        self._mind_next()
        if (self.cycle is None or self.cycle.response_complete) and self._hang_up is None:
            self._hang_up = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def _stop_minding(self) -> None:
        if self._hang_up:
            self._hang_up.cancel()
            self._hang_up = None


def server_of(application: ASGIApp) -> uvicorn.Server:
    """A server that answers what was begun when it is told to end."""
    own = {"ws": "none", "access_log": False, "log_level": "warning", "server_header": False}
    return uvicorn.Server(uvicorn.Config(application, http=Patient, timeout_keep_alive=IDLE_SECONDS, **own))
