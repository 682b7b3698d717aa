"""The addresses of the pages, for whom they are opened, and what goes wrong in words."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from unlearning.errors import InputError
from unlearning.reports.page import HOME
from unlearning.server.limits import Door, RefusedError
from unlearning.tracking.answers import first_line, in_words, is_refusal, store_errors
from unlearning.web import rights
from unlearning.web.asking import LIMITS, Asked, read
from unlearning.web.desk import Desk
from unlearning.web.pages import Pages
from unlearning.web.rights import WHO, Somebody, StrangerError

EVERYBODY = Somebody()
HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Cache-Control": "no-store"}
Page = Callable[[Asked], Response]


class Application:
    """The pages about one registered model.

    Args:
        model: registered model.
        hosts: names under which the server is reached.
        path: where the pages lie; empty for the root of the server.
        users: does the store know users? Then each page asks for name and password.
    """

    def __init__(self, model: str, hosts: list[str], path: str = "", users: bool = False):
        self._model, self._hosts, self._path, self._users = model, hosts, path, users
        self._door, self._desk = Door(LIMITS), Desk()
        self._pages = Pages(model, path, self._desk)

    def asgi(self) -> Starlette:
        """What uvicorn serves."""
        pages = self._pages
        gets: dict[str, Page] = {
            "/": pages.overview,
            "/versions": pages.versions,
            "/versions/{number:int}": pages.version,
            "/versions/{number:int}/audit": pages.audit,
            "/compare": pages.compare,
            "/requests/new": pages.new,
            "/requests/{key}": pages.request,
            "/requests/{key}/certificate": pages.certificate,
            "/requests/{key}/certificate.json": pages.certificate_file,
            "/verify": pages.verify,
            "/picture": pages.picture,
            "/acts/{key}": pages.act,
        }
        posts: dict[str, Page] = {
            "/requests": pages.file,
            "/requests/photograph": pages.photograph,
            "/requests/{key}/process": pages.process,
            "/requests/{key}/proof": pages.proof,
            "/versions/{number:int}/promote": pages.promote,
            "/verify": pages.verify,
            "/picture": pages.picture,
        }
        routes = [Route(path, self._told(page), methods=["POST"]) for path, page in posts.items()]
        routes += [Route(path, self._told(page), methods=["GET"]) for path, page in gets.items()]
        hosts = Middleware(TrustedHostMiddleware, allowed_hosts=self._hosts, www_redirect=False)
        nowhere = {HTTPException: self._nowhere, ValueError: self._nowhere}  # a number of thousands of digits is no address
        return Starlette(routes=[Mount(self._path, routes=routes)], middleware=[hosts], exception_handlers=nowhere)

    def _told(self, page: Page) -> Callable[[Request], Awaitable[Response]]:
        """A page for whoever asks, in their name; what goes wrong is told in a sentence."""

        async def answer(request: Request) -> Response:
            who = EVERYBODY
            HOME.set(f"{self._path}/")
            try:
                with self._door.entered() as bag:
                    if self._users:
                        who = rights.named(request.headers.get("authorization", ""))
                        WHO.set(who)
                        who = await run_in_threadpool(rights.welcome, who, self._model)
                    asked = await read(request, who, bag)
                    told = await run_in_threadpool(self._made, page, asked)
            except StrangerError:
                told = self._pages.words("Name and password are those of the tracking server.", 401, EVERYBODY)
                told.headers["WWW-Authenticate"] = 'Basic realm="age-unlearning", charset="UTF-8"'
            except RefusedError as error:
                told = self._pages.words(error.sentence, error.status, who)
            except (InputError, *store_errors()) as error:
                told = self._pages.words(in_words(error) or first_line(error), 403 if is_refusal(error) else 400, who)
            for name, value in HEADERS.items():
                told.headers.setdefault(name, value)
            return told

        return answer

    def _made(self, page: Page, asked: Asked) -> Response:
        with self._desk.taken():
            return page(asked)

    async def _nowhere(self, request: Request, error: Exception) -> Response:
        return self._pages.words("There is no such page.", getattr(error, "status_code", 404), EVERYBODY)
