"""The addresses of the pages, for whom they are opened, and what goes wrong in words."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount, Route, Router
from starlette.types import ASGIApp

from unlearning.errors import InputError
from unlearning.reports.page import HOME
from unlearning.server.limits import Door, RefusedError
from unlearning.tracking.answers import first_line, in_words, is_refusal, store_errors
from unlearning.web import rights
from unlearning.web.asking import LIMITS, Asked, read
from unlearning.web.desk import Desk
from unlearning.web.headers import headed
from unlearning.web.pages import Pages
from unlearning.web.rights import WHO, Somebody, StrangerError

EVERYBODY = Somebody()
Page = Callable[[Asked], Response]


class Application:
    """The pages about one registered model, at a path (empty for the root) of a server that is reached under some hosts' names.

    Where the store knows users, each page asks for name and password.
    """

    def __init__(self, model: str, hosts: list[str], path: str = "", users: bool = False):
        self._model, self._hosts, self._path, self._users = model, hosts, path, users
        self._door, self._desk = Door(LIMITS), Desk()
        self._pages = Pages(model, path, self._desk)

    def asgi(self) -> ASGIApp:
        """What uvicorn serves."""
        pages = self._pages
        gets: dict[str, Page] = {
            "/": pages.overview,
            "/versions": pages.versions,
            "/versions/{number}": pages.version,
            "/versions/{number}/audit": pages.audit,
            "/versions/{number}/purge": pages.purged,
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
            "/versions/{number}/promote": pages.promote,
            "/versions/{number}/purge": pages.purge,
            "/verify": pages.verify,
            "/picture": pages.picture,
        }
        routes = [Route(path, self._told(page), methods=["POST"]) for path, page in posts.items()]
        routes += [Route(path, self._told(page), methods=["GET"]) for path, page in gets.items()]
        beneath = Router(routes, redirect_slashes=False)  # to an address made of what the client has sent
        begin = [Route(self._path, lambda request: RedirectResponse(f"{self._path}/"))] if self._path else []
        hosts = Middleware(TrustedHostMiddleware, allowed_hosts=self._hosts, www_redirect=False)
        errors = {HTTPException: self._nowhere, Exception: self._fault}
        return headed(Starlette(False, [*begin, Mount(self._path, beneath)], [hosts], errors))

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
            except ClientDisconnect:
                told = Response(status_code=499)
            except RefusedError as error:
                told = self._pages.words(error.sentence, error.status, who)
            except (InputError, *store_errors()) as error:
                told = self._pages.words(in_words(error) or first_line(error), 403 if is_refusal(error) else 400, who)
            return told

        return answer

    def _made(self, page: Page, asked: Asked) -> Response:
        with self._desk.taken():
            return page(asked)

    async def _nowhere(self, request: Request, error: HTTPException) -> Response:
        told = self._pages.words("There is no such page.", error.status_code, EVERYBODY)
        told.headers.update(error.headers or {})  # which methods are
        return told

    async def _fault(self, request: Request, error: Exception) -> Response:
        """Whose traceback is in the server's log."""
        return self._pages.words("The server has a fault; its log says where.", 500, EVERYBODY)
