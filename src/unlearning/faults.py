"""What goes wrong outside this program, in a sentence: a full disk, the system, the memory, a library's own refusal.

Libraries are known by the names of their errors' modules, so that nothing is imported to explain an error.
"""

import errno
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor
from pathlib import Path

from unlearning.errors import InputError

FULL = (errno.ENOSPC, errno.EDQUOT)
# Libraries keep the words where they lose the number; the last is what numpy says of half an array.
FULL_WORDS = re.compile(
    r"No space left on device|[Dd]isk is full|Disk quota exceeded|os error 28|\d+ requested and \d+ written"
)
MEMORY_WORDS = re.compile(r"out of memory|[Cc]an't allocate memory|Cannot allocate memory")
LIBRARIES = {
    "mlflow": "MLflow",
    "pyarrow": "pyarrow",
    "safetensors": "safetensors",
    "optuna": "optuna",
    "huggingface_hub": "the Hugging Face hub",
    "httpx": "the network",
    "ray": "Ray",
    "boto3": "the bucket",
    "botocore": "the bucket",
}
REPORT = (
    "This is a fault of the program and not of what you typed; please report it to who gave you this project, with your "
    "command and the lines below:"
)


def chain(error: BaseException) -> Iterator[BaseException]:
    """An error, and all that it was raised from or during, the outermost first."""
    waiting, seen = [error], set()
    while waiting:
        one = waiting.pop(0)
        if id(one) in seen or not isinstance(one, BaseException):
            continue
        seen.add(id(one))
        yield one
        waiting += [one.__cause__, one.__context__, getattr(one, "orig", None)]


def first_line(error: BaseException) -> str:
    """The first line of an error's text, or what kind it is where it has none."""
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)


def library_of(error: BaseException) -> str:
    """The top module of the library that an error is of."""
    return type(error).__module__.partition(".")[0]


def is_full(error: BaseException) -> bool:
    """Is a full disk at the bottom of it, whatever library has wrapped that?"""
    raised = [one for one in chain(error) if not isinstance(one, InputError)]  # those are sentences already
    return any(getattr(one, "errno", None) in FULL or FULL_WORDS.search(str(one)) for one in raised)


def in_words(error: BaseException) -> str:
    """What was refused by this program, the system or a library, in a sentence; empty for what nobody foresaw."""
    said = str(error) if isinstance(error, InputError) else ""
    if is_full(error):
        return "; ".join(filter(None, (said, _no_room(error))))
    if said:
        return said
    if isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and MEMORY_WORDS.search(str(error))):
        return f"the memory does not suffice: {first_line(error)}; take a smaller batch_size or image_size, or fewer workers"
    if isinstance(error, BrokenExecutor):
        return "a process of this command was killed, as the system does where memory runs out; type the same command again"
    if isinstance(error, OSError):
        return f"the system says: {error.strerror or first_line(error)}" + (f": {error.filename}" if error.filename else "")
    named = LIBRARIES.get(library_of(error))
    return f"{named} says: {first_line(error)}" if named else ""


def _no_room(error: BaseException) -> str:
    """Which disk is full: the one with least room, of the files that an error names or, where it names none, of all places.

    The error of a copy names what was read as well as what could not be written.
    """
    errors = [one for one in chain(error) if isinstance(one, OSError)]
    files = [name for one in errors for name in (one.filename, one.filename2) if isinstance(name, str)]
    places = {f"of {Path(name).parent}": name for name in files} or _places()
    left = {name: shutil.disk_usage(nearest(path)).free for name, path in places.items()}
    fullest = min(left, key=left.get)
    return (
        f"there is no room left on the disk {fullest} ({left[fullest] // 1_000_000} MB free); make room, or name another "
        f"folder, and type the same command again"
    )


def _places() -> dict[str, str]:
    """Where this program writes, by what names it."""
    cache = os.environ.get("UNLEARNING_CACHE") or os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    store = os.environ.get("MLFLOW_TRACKING_URI", "").rpartition("sqlite:///")[2] or "."
    places = {"of the store, MLFLOW_TRACKING_URI": store, "of the cache, UNLEARNING_CACHE": cache}
    return {f"{name} ({path})": path for name, path in (places | {"of temporary files, TMPDIR": _temporary()}).items()}


def _temporary() -> str:
    try:
        return tempfile.gettempdir()
    except FileNotFoundError:  # none can be written to
        return os.environ.get("TMPDIR", "/tmp")


def nearest(path: str | Path) -> Path:
    """The nearest folder above that is there."""
    whole = Path(path).expanduser().absolute()
    return next(folder for folder in (whole, *whole.parents) if folder.exists())
