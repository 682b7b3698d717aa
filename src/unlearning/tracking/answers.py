"""What a store answers, or does not, in words: a server that is away, a password that is wrong, a right that is missing.

MLflow asks a server that does not answer again and again, for about four minutes. In the middle of a run that is right: a
server that is started again loses nothing. At the start nothing can be lost yet, so there it is asked twice only.
"""

import os
import re
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import TypeVar

import mlflow
import sqlalchemy
from mlflow.exceptions import MlflowException
from mlflow.store.db.utils import create_sqlalchemy_engine

from unlearning import faults
from unlearning.errors import InputError
from unlearning.secrets import is_unclear, without_password, without_secrets

Answer = TypeVar("Answer")
AT_THE_START = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "MLFLOW_HTTP_REQUEST_TIMEOUT": "30"}
FORBIDDEN = 403
INSTALL = "which is not installed; install it with: uv pip install --requirements pyproject.toml --extra server"
BUCKET_LIBRARIES = ("boto3", "botocore")
ESCAPED = ", in which @ is written as %40, / as %2F, ? as %3F and # as %23"
DATABASES = ("sqlalchemy", "sqlite3", "psycopg2", "pymysql", "alembic")
# What databases say, why that is, and what to do; the first that fits, the last for everything.
TROUBLE = {
    r"malformed|not a database|file is encrypted|disk I/O error": (
        "is damaged",
        "put a copy of it back, or rescue what can still be read: sqlite3 mlflow.db .recover | sqlite3 rescued.db",
    ),
    r"readonly|read-only|unable to open": ("cannot be written to", "see that its folder is there and may be written to"),
    r"is locked|deadlock": ("is held by another process", "type the same command again when that has ended"),
    r"no such (table|column)|relation .* does not exist|[Uu]nknown column|locate revision": (
        "has the tables of another version of MLflow",
        "work with that version, or keep a copy of the database and type: mlflow db upgrade URI",
    ),
    r"": (
        "does not answer",
        "see that it runs and that MLFLOW_TRACKING_URI names the right host, port, user and password",
    ),
}


def first_line(error: BaseException) -> str:
    """The first line of an error's text, for a sentence; it tells no secret."""
    return without_secrets(faults.first_line(error))


def store_errors() -> tuple[type[Exception], ...]:
    """What an artifact store raises: MLflow's errors, the system's, and those of a bucket's client where one is at work.

    MLflow hands the client's errors on as they are. It has imported the client by then; nobody else does.
    """
    known = {"botocore.exceptions": ("BotoCoreError", "ClientError"), "boto3.exceptions": ("Boto3Error",)}
    there = [getattr(sys.modules[module], name) for module, names in known.items() if module in sys.modules for name in names]
    return (MlflowException, OSError, *there)


def or_none(ask: Callable[..., Answer], *given: str, gone: Collection[str] = ("RESOURCE_DOES_NOT_EXIST",)) -> Answer | None:
    """What the store answers to a question; None where there is no such thing, which it says by one of the codes ``gone``."""
    try:
        return ask(*given)
    except MlflowException as error:
        if error.error_code not in gone:
            raise
        return None


def store_name() -> str:
    """The tracking URI, without a password that stands in it."""
    return without_password(mlflow.get_tracking_uri())


@contextmanager
def impatience() -> Iterator[None]:
    """Ask a server twice and wait half a minute for each answer, unless the user has said how often and how long."""
    own = {name: value for name, value in AT_THE_START.items() if name not in os.environ}
    os.environ.update(own)
    try:
        yield
    finally:
        for name in own:
            os.environ.pop(name, None)


def in_words(error: BaseException) -> str:
    """What the store, the system or a library refused, in a sentence; empty for what nobody foresaw."""
    if is_silence(error):
        return why_not_open(error)
    if isinstance(error, ModuleNotFoundError) and error.name in BUCKET_LIBRARIES:
        return f"the store's artifacts lie in a bucket, which needs the Python package {error.name}, {INSTALL}"
    return _of_database(error) or without_secrets(faults.in_words(error))


def _of_database(error: BaseException) -> str:
    """What the store's database said, whatever has wrapped it; empty when it is none of its errors, or a full disk."""
    said = next((one for one in faults.chain(error) if faults.library_of(one) in DATABASES), None)
    if said is None or isinstance(error, InputError) or faults.is_full(error):
        return ""
    return _database_in_words(said, mlflow.get_tracking_uri())


def _database_in_words(error: BaseException, uri: str) -> str:
    said = first_line(getattr(error, "orig", None) or error)
    what, then = next(words for pattern, words in TROUBLE.items() if re.search(pattern, said))
    return f"the database {without_password(uri)} {what}: {said}; {then}{ESCAPED if is_unclear(uri) else ''}"


def ask_database(uri: str) -> None:
    """Look into a database once, where MLflow would try for two minutes; InputError where it cannot be used."""
    try:
        engine = create_sqlalchemy_engine(uri)
        sqlalchemy.inspect(engine).get_table_names()
        engine.dispose()
    except ModuleNotFoundError as error:
        raise InputError(f"the database {without_password(uri)} needs the Python package {error.name}, {INSTALL}") from error
    except Exception as error:
        if not isinstance(error, ValueError) and (faults.library_of(error) not in DATABASES or faults.is_full(error)):
            raise
        raise InputError(_database_in_words(error, uri)) from error


def why_not_open(error: MlflowException) -> str:
    """Why a store cannot be used, and what to do about it."""
    if error.error_code == "UNAUTHENTICATED":
        name = os.environ.get("MLFLOW_TRACKING_USERNAME")
        user = f"MLFLOW_TRACKING_USERNAME is {name!r}" if name else "MLFLOW_TRACKING_USERNAME is not set"
        return (
            f"the server {store_name()} does not accept the name and password ({user}); set MLFLOW_TRACKING_USERNAME and "
            f"MLFLOW_TRACKING_PASSWORD, or ask who runs the server for an account"
        )
    if is_silence(error):
        return (
            f"the server {store_name()} does not answer: {_silence(error)}; see that it runs, and that MLFLOW_TRACKING_URI "
            f"names the right one"
        )
    return _of_database(error) or f"the store {store_name()} cannot be used: {first_line(error)}"


def is_silence(error: BaseException) -> bool:
    """Did a server give no answer at all?"""
    asked = isinstance(error, MlflowException) and re.match(r"API request to \S+ failed with (timeout )?exception", str(error))
    return bool(asked) and not breakdown(error)


def breakdown(error: BaseException) -> str:
    """What a server did each time instead of taking what it was sent, in a sentence; empty for any other error.

    A server that fails while it is still being sent a large file breaks the connection before it can answer.
    """
    said = re.match(r"API request to (\S+) failed .*(too many (\d+) error responses|Connection aborted)", str(error), re.DOTALL)
    if not said or not isinstance(error, MlflowException):
        return ""
    what = said.group(1).rpartition("/")[2]
    did = f"answered {said.group(3)}" if said.group(3) else "broke the connection"
    return (
        f"the server {store_name()} {did} each time that it was sent {what!r}: its log says why; see whether its disk is full, "
        f"and type the same command again"
    )


def _silence(error: MlflowException) -> str:
    """The reason in a few words, out of the names of classes that the libraries between wrap it in."""
    said = re.search(r"\[Errno -?\d+\] ([^'\")]+)", str(error))
    waited = re.search(r"timed out\. \((?:read|connect) timeout=([\d.]+)\)|timeout=([\d.]+)", str(error))
    if said:
        return said.group(1)
    return f"nothing came within {waited.group(1) or waited.group(2)} seconds" if waited else first_line(error)


def is_refusal(error: BaseException) -> bool:
    """Does a server let this user not do that? Of artifacts it says so by an error of the HTTP library, which is an OSError."""
    if isinstance(error, MlflowException):
        return error.error_code == "PERMISSION_DENIED"
    return getattr(getattr(error, "response", None), "status_code", None) == FORBIDDEN


@contextmanager
def refused_in_words(allowed: str, right: str) -> Iterator[None]:
    """A server's refusal as a sentence: what is ``allowed`` and what is not, and which ``right`` to ask for."""
    try:
        yield
    except (MlflowException, OSError) as error:
        if not is_refusal(error):
            raise
        raise InputError(f"the server {store_name()} lets you {allowed} ({first_line(error)}); {right}") from error
