"""The paths of ``mlflow models serve``, with the registry behind them, and two more: a page for people and numbers.

Every refusal is one sentence under ``message``, beside MLflow's ``error_code``, and repeats nothing that was sent.
"""

import asyncio
import io
import time
import traceback
from collections.abc import AsyncGenerator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import mlflow
from mlflow.exceptions import MlflowException
from mlflow.pyfunc.scoring_server import predictions_to_json
from starlette.applications import Starlette
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from unlearning.reports.served_page import served_page
from unlearning.server import reading
from unlearning.server.following import Following, tell
from unlearning.server.limits import Bag, Door, Limits, RefusedError
from unlearning.server.loaded import Loaded
from unlearning.server.numbers import Numbers
from unlearning.serving.age_model import Refusal

CODES = {400: "BAD_REQUEST", 404: "ENDPOINT_NOT_FOUND", 408: "REQUEST_TIMEOUT", 413: "REQUEST_TOO_LARGE"}
CODES |= {405: "METHOD_NOT_ALLOWED", 415: "UNSUPPORTED_MEDIA_TYPE", 503: "TEMPORARILY_UNAVAILABLE"}
ANSWERS = "Model-Version"  # a header of answers
PATHS = ("/", "/ping", "/health", "/version", "/invocations", "/metrics", "/refresh")
Handler = Callable[[Request], Awaitable[Response]]


def named(label: str) -> dict[str, str]:
    """The header with a version's name; a header holds Latin letters only."""
    return {ANSWERS: quote(label, safe="/ ")}


class InMemory(MultiPartParser):
    """A form whose files never touch a disk; the door bounds them."""

    spool_max_size = 1 << 40


async def body_of(request: Request, bag: Bag, seconds: int) -> bytes:
    """All of a request, as long as it is not too large or too slow."""
    told, parts = request.headers.get("content-length", ""), []
    bag.require(int(told) if told.isdecimal() else 0)
    try:
        async with asyncio.timeout(seconds):
            async for part in request.stream():
                bag.add(len(part))
                parts.append(part)
    except TimeoutError:
        raise RefusedError(408, "slow", f"the request took more than {seconds} seconds to arrive") from None
    return b"".join(parts)


async def form_of(request: Request, body: bytes, **most: int) -> FormData:
    """What a form has sent; no file of it touches a disk."""

    async def whole() -> AsyncGenerator[bytes, None]:
        yield body

    return await InMemory(request.headers, whole(), max_part_size=len(body), **most).parse()


class Application:
    """One server's answers; the page shows the ages of another version as well, the one ``beside``."""

    def __init__(self, following: Following, numbers: Numbers, limits: Limits, beside: Following | None = None):
        self._following, self._beside, self._numbers = following, beside, numbers
        self._limits, self._door = limits, Door(limits)
        numbers.waiting.set_function(lambda: self._door.inside)
        self._threads = ThreadPoolExecutor(limits.queue, thread_name_prefix="answer")

    def asgi(self) -> Starlette:
        """What uvicorn serves."""
        paths: dict[str, tuple[Handler, str]] = {
            "/": (self._page, "GET"),
            "/ping": (self._ping, "GET"),
            "/health": (self._ping, "GET"),
            "/version": (self._mlflow_version, "GET"),
            "/metrics": (self._metrics, "GET"),
            "/refresh": (self._refresh, "POST"),
            "/invocations": (self._invocations, "POST"),
        }
        routes = [Route(path, self._told(handler), methods=[method]) for path, (handler, method) in paths.items()]
        routes.append(Route("/", self._told(self._page_with_ages), methods=["POST"]))
        application = Starlette(routes=routes, exception_handlers={HTTPException: self._told(self._unknown)})
        application.router.redirect_slashes = False  # to an address made of what the client has sent
        return application

    def _told(self, handler: Handler) -> Handler:
        """Refusals in words, and every request counted and logged, without what it held."""

        async def act(request: Request, *error: Exception) -> Response:
            begun = time.perf_counter()
            try:
                answer = await handler(request, *error)
            except RefusedError as error:
                answer = self._refusal(error)
            except ClientDisconnect:
                answer = Response(status_code=499)
            except Exception as error:  # noqa: BLE001 - a fault of ours: neither its words nor a trace of it go out
                last = traceback.extract_tb(error.__traceback__)[-1]
                tell("fault", error=type(error).__name__, at=f"{Path(last.filename).name}:{last.lineno}")
                answer = self._refusal(RefusedError(500, "fault", "the server has a fault; its log says where"))
            path = request.url.path if request.url.path in PATHS else "other"
            self._numbers.requests.labels(path, answer.status_code).inc()
            spent = round(1000 * (time.perf_counter() - begun), 1)
            tell("request", path=path, status=answer.status_code, ms=spent, version=answer.headers.get(ANSWERS, ""))
            return answer

        return act

    def _refusal(self, error: RefusedError) -> Response:
        self._numbers.refusals.labels(error.reason).inc()
        said = {"error_code": CODES.get(error.status, "INTERNAL_ERROR"), "message": error.sentence}
        return JSONResponse(said, error.status, {"Retry-After": "1"} if error.status == 503 else None)

    async def _unknown(self, request: Request, error: HTTPException) -> Response:
        said = f"this path and method are not known; legal paths are {', '.join(PATHS)}"
        answer = self._refusal(RefusedError(error.status_code, "path", said))
        answer.headers.update(error.headers or {})  # which methods are
        return answer

    async def _ping(self, request: Request) -> Response:
        with self._following.held():
            return Response("\n", media_type="application/json")

    async def _mlflow_version(self, request: Request) -> Response:
        return Response(mlflow.__version__, media_type="application/json")

    async def _metrics(self, request: Request) -> Response:
        return Response(self._numbers.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    async def _refresh(self, request: Request) -> Response:
        """For MLflow's registry webhooks: whoever asks, no more happens than a look that comes anyway."""
        self._following.look_now()
        return Response(status_code=202)

    async def _page(self, request: Request) -> Response:
        return self._shown(self._following.current, [], "", 200)

    async def _page_with_ages(self, request: Request) -> Response:
        try:
            with self._door.entered() as bag:
                picture = await self._dropped(request, bag)
                return await self._in_thread(self._ages_of, picture)
        except RefusedError as error:
            self._numbers.refusals.labels(error.reason).inc()
            return self._shown(self._following.current, [], error.sentence, error.status)

    async def _dropped(self, request: Request, bag: Bag) -> bytes:
        """The picture of the page's form, which never touches a disk."""
        try:
            form = await form_of(request, await body_of(request, bag, self._limits.seconds), max_files=1, max_fields=0)
        except (MultiPartException, KeyError, ValueError):
            raise reading.refused("this is not what the form of this page sends") from None
        try:
            sent = form.get(reading.COLUMN)
            if not isinstance(sent, UploadFile):
                raise reading.refused("there is no picture; choose a JPEG or PNG file")
            return await sent.read()
        finally:
            await form.close()

    def _ages_of(self, picture: bytes) -> Response:
        with ExitStack() as ends:
            served = ends.enter_context(self._following.held())
            asked = [served]
            if self._beside:
                with suppress(RefusedError):  # it is served no more, as after a purge, and the other one answers alone
                    asked.append(ends.enter_context(self._beside.held()))
            ages = [(one.label, self._asked(lambda one=one: one.in_words(picture), 1)) for one in asked]
            return self._shown(served, ages, "", 200)

    def _shown(self, served: Loaded | None, ages: list[tuple[str, str]], refusal: str, status: int) -> Response:
        """The page about the version that answered, or answers now."""
        own = self._following
        label, tags = (served.label, served.version.tags) if served else ("", {})
        since = served.since.strftime("%Y-%m-%d %H:%M:%S UTC") if served else ""
        text = served_page(label, tags, since, own.follow, own.trouble, ages, refusal)
        return Response(text, status, named(label), "text/html; charset=utf-8")

    async def _in_thread(self, act: Callable[..., Response], *given: object) -> Response:
        return await asyncio.get_running_loop().run_in_executor(self._threads, act, *given)

    async def _invocations(self, request: Request) -> Response:
        with self._door.entered() as bag:
            body = await body_of(request, bag, self._limits.seconds)
            return await self._in_thread(self.answer, body, request.headers.get("content-type", ""))

    def answer(self, body: bytes, content_type: str) -> Response:
        """Years for pictures, by the version that answers now and no other.

        Raises:
            RefusedError: with the reason.
        """
        with self._following.held() as served:
            with self._numbers.timed("parse"):
                data, params = reading.read(body, content_type, served.schema, self._limits.megabytes * 1_000_000)
            ask = served.answer if isinstance(data, list) else served.model.predict
            found = self._asked(lambda: ask(data, params), len(data))
            text = io.StringIO()
            predictions_to_json(found, text)
            return Response(text.getvalue(), media_type="application/json", headers=named(served.label))

    def _asked(self, ask: Callable[[], Any], pictures: int) -> Any:
        """The answer, counted and timed; RefusedError with the reason where there is none."""
        try:
            with self._numbers.timed("answer"):
                found = ask()
        except Refusal as refusal:
            status, reason = (413, "cost") if refusal.too_much else (400, "picture")
            raise RefusedError(status, reason, refusal.sentence) from None
        except MlflowException:  # it does not fit the signature, and MLflow would repeat it
            raise reading.refused(f"the input must be a table with the one column {reading.COLUMN!r}") from None
        self._numbers.pictures.inc(pictures)
        return found
