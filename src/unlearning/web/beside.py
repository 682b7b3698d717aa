"""An app of ``mlflow server`` (``--app-name age-unlearning``): names and passwords as its basic-auth has them, and the pages.

MLflow's server has every right to its database, and makes that the store of its whole process. The pages therefore live in a
process of their own, a client as all others are (``age-unlearning web --path /unlearning``), and are handed on from here.
"""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException
from urllib.parse import quote

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from unlearning.server.application import body_of
from unlearning.server.limits import Door, RefusedError
from unlearning.web.asking import LIMITS
from unlearning.web.headers import HEADERS

PLACE, VARIABLE, USUAL = "/unlearning", "UNLEARNING_WEB", "127.0.0.1:5002"
SENT = ("authorization", "content-type", "host", "origin", "sec-fetch-site")
OWN = ("connection", "content-length", "date", "keep-alive", "server", "transfer-encoding")
LEGAL = "/%:@!$&'()*+,;=?"  # of an address, beside letters, digits and -._~
PATIENCE = 300  # seconds: a comparison of many versions takes some
AWAY = "the pages are not there; start them with: age-unlearning web --path /unlearning"


def create_app():
    """What uvicorn serves in each of MLflow's workers."""
    from mlflow.server.auth import create_app as with_names

    app = with_names()
    app.router.routes[:0] = handing_on(os.environ.get(VARIABLE, USUAL))
    return app


def handing_on(address: str) -> list[Route]:
    """The pages at ``address``, under the same paths here.

    They are waited for in threads of their own: they ask MLflow's server themselves, whose threads must stay free for that.
    """
    door, threads = Door(LIMITS), ThreadPoolExecutor(LIMITS.queue, thread_name_prefix="pages")

    async def hand_on(request: Request) -> Response:
        try:
            with door.entered() as bag:
                body = await body_of(request, bag, LIMITS.seconds)
                return await asyncio.get_running_loop().run_in_executor(threads, _ask, address, request, body)
        except RefusedError as error:
            return PlainTextResponse(error.sentence, error.status, HEADERS)
        except ClientDisconnect:
            return Response(status_code=499)

    return [Route(path, hand_on, methods=["GET", "POST"]) for path in (PLACE, f"{PLACE}/{{rest:path}}")]


def _ask(address: str, request: Request, body: bytes) -> Response:
    path, query = (quote(request.scope[name], safe=LEGAL) for name in ("raw_path", "query_string"))
    headers = {name: request.headers[name] for name in SENT if name in request.headers}
    connection = HTTPConnection(address, timeout=PATIENCE)
    try:
        connection.request(request.method, f"{path}?{query}" if query else path, body or None, headers)
        answer = connection.getresponse()
        more = {name: value for name, value in answer.getheaders() if name.lower() not in OWN}
        return Response(answer.read(), answer.status, more)
    except (OSError, HTTPException):
        return PlainTextResponse(AWAY, 503, HEADERS)
    finally:
        connection.close()
