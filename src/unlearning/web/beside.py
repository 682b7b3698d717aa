"""An app of ``mlflow server`` (``--app-name age-unlearning``): names and passwords as its basic-auth has them, and the pages.

MLflow's server has every right to its database, and makes that the store of its whole process. The pages therefore live in a
process of their own, a client as all others are (``age-unlearning web --path /unlearning``), and are handed on from here.
"""

from __future__ import annotations

import http.client
import os

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from unlearning.server.application import body_of
from unlearning.server.limits import Door, RefusedError
from unlearning.web.asking import LIMITS

PLACE, VARIABLE, USUAL = "/unlearning", "UNLEARNING_WEB", "127.0.0.1:5002"
SENT = ("authorization", "content-type", "host", "origin", "sec-fetch-site")
OWN = ("connection", "content-length", "date", "keep-alive", "server", "transfer-encoding")
PATIENCE = 300  # seconds: a comparison of many versions takes some
AWAY = "the pages are not there; start them with: age-unlearning web --path /unlearning"


def create_app():
    """What uvicorn serves in each of MLflow's workers."""
    from mlflow.server.auth import create_app as with_names

    app = with_names()
    app.router.routes.insert(0, handing_on(os.environ.get(VARIABLE, USUAL)))
    return app


def handing_on(address: str) -> Route:
    """The pages at ``address``, under the same path here."""
    door = Door(LIMITS)

    async def hand_on(request: Request) -> Response:
        try:
            with door.entered() as bag:
                body = await body_of(request, bag, LIMITS.seconds)
                return await run_in_threadpool(_ask, address, request, body)
        except RefusedError as error:
            return PlainTextResponse(error.sentence, error.status)

    return Route(f"{PLACE}{{rest:path}}", hand_on, methods=["GET", "POST"])


def _ask(address: str, request: Request, body: bytes) -> Response:
    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    headers = {name: request.headers[name] for name in SENT if name in request.headers}
    connection = http.client.HTTPConnection(address, timeout=PATIENCE)
    try:
        connection.request(request.method, path, body or None, headers)
        answer = connection.getresponse()
        more = {name: value for name, value in answer.getheaders() if name.lower() not in OWN}
        return Response(answer.read(), answer.status, more)
    except OSError:
        return PlainTextResponse(AWAY, 503)
    finally:
        connection.close()
