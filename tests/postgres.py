"""A PostgreSQL server of one's own: made in a temporary folder, on a free port, stopped afterwards.

Needs Debian's package ``postgresql`` (or its programs on the path) and psycopg2. Tests that ask for it are skipped where the
programs are missing, and fail there when the environment variable REQUIRE_POSTGRES is set, as .ci/run does.
"""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy

USER, DATABASE, SYSTEM_USER = "mlflow", "mlflow", "postgres"
MISSING = "PostgreSQL's server programs are missing; on Debian: apt-get install -y postgresql"
SETTINGS = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "max_connections": "200"}


def find_programs() -> Path | None:
    """The folder of PostgreSQL's server programs, or None."""
    found = shutil.which("initdb")
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name.split(".")[0]))
    return Path(found).resolve().parent if found else folders[-1] if folders else None


@contextmanager
def running_postgres() -> Iterator[str]:
    """A fresh server; yields the URI of its empty database.

    Raises:
        FileNotFoundError: the server's programs are not installed.
    """
    programs = find_programs()
    if programs is None:
        raise FileNotFoundError(MISSING)
    with tempfile.TemporaryDirectory(prefix="postgres-") as place:
        folder = Path(place)
        if os.geteuid() == 0:
            shutil.chown(folder, SYSTEM_USER)
        data = folder / "data"
        _run([programs / "initdb", "-D", data, "-U", USER, "--auth=trust", "--no-sync", "-E", "UTF8"])
        port = free_port()
        options = " ".join(f"-c {name}={value}" for name, value in SETTINGS.items())
        options += f" -p {port} -k {folder} -c listen_addresses=127.0.0.1"
        _run([programs / "pg_ctl", "-D", data, "-l", folder / "log", "-o", options, "-w", "-t", "60", "start"])
        try:
            _run([programs / "createdb", "-h", "127.0.0.1", "-p", str(port), "-U", USER, DATABASE])
            yield f"postgresql+psycopg2://{USER}@127.0.0.1:{port}/{DATABASE}"
        finally:
            _run([programs / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop"])


def another_database(uri: str, name: str) -> str:
    """The URI of one more empty database on the same server."""
    engine = sqlalchemy.create_engine(uri, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sqlalchemy.text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return f"{uri.rpartition('/')[0]}/{name}"


def _run(command: list) -> None:
    """Run it as a user that PostgreSQL accepts: it refuses to be root."""
    as_user = ["runuser", "-u", SYSTEM_USER, "--"] if os.geteuid() == 0 else []
    done = subprocess.run([*as_user, *map(str, command)], cwd="/", capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command[0]}: {done.stdout}{done.stderr}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def skip_without_programs() -> None:
    """Skip the test that asks where PostgreSQL is not installed and need not be."""
    if find_programs() is None and "REQUIRE_POSTGRES" not in os.environ:
        pytest.skip(MISSING)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URI of a fresh PostgreSQL database for this session."""
    skip_without_programs()
    with running_postgres() as uri:
        yield uri
