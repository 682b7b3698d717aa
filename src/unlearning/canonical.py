"""One content, one sequence of bytes: canonical JSON, and times.

The form is that of RFC 8785 (JSON Canonicalization Scheme), narrowed: keys are ASCII, and numbers are allowed as strings only,
since not all languages print binary fractions alike. With both, Python's own encoder writes what the RFC asks for.
"""

import json
import math
from datetime import UTC, datetime

MOMENT = "%Y-%m-%dT%H:%M:%SZ"
DEEPEST = 50  # Python's own limit depends on who calls, so that one caller could read what breaks the next


class NotCanonicalError(ValueError):
    """Bytes that ``canonical`` never writes; the message names the place."""


def exact(number: float) -> str:
    """A number as the shortest text that reads back to the same binary64; ``nan`` where nothing could be measured.

    Raises:
        ValueError: for an infinite number.
    """
    if isinstance(number, int):
        return str(int(number))
    if math.isinf(number):
        raise ValueError("an infinite number cannot be certified")
    return repr(float(number))


def moment(at: datetime | None = None) -> str:
    """A time, or now, in UTC, to the second, as RFC 3339 writes it.

    Raises:
        ValueError: for a time without its zone.
    """
    at = at or datetime.now(UTC)
    if at.tzinfo is None:
        raise ValueError(f"the time {at} has no time zone")
    return at.astimezone(UTC).strftime(MOMENT)


def nulled(content: object) -> object:
    """Content as ordinary JSON holds it, where numbers that are not known are null."""
    if isinstance(content, dict):
        return {name: nulled(value) for name, value in content.items()}
    if isinstance(content, list):
        return [nulled(one) for one in content]
    return None if isinstance(content, float) and not math.isfinite(content) else content


def canonical(content: object) -> bytes:
    """Content as UTF-8: keys in order, no blanks, nothing escaped that need not be.

    Raises:
        ValueError: for a number, a key that is not ASCII, or a text that is not Unicode.
        TypeError: for what JSON cannot hold.
    """
    _refuse_numbers(content)
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _refuse_numbers(content: object, level: int = 0) -> None:
    if level > DEEPEST:
        raise ValueError("nested too deeply")
    if isinstance(content, (int, float)) and not isinstance(content, bool):
        raise ValueError(f"the number {content!r} must be written as a string")  # noqa: TRY004 - a rule of the form, not a type error
    if isinstance(content, dict):
        strange = [key for key in content if not isinstance(key, str) or not key.isascii()]
        if strange:
            raise ValueError(f"the key {strange[0]!r} is not ASCII text")
    for part in content.values() if isinstance(content, dict) else content if isinstance(content, (list, tuple)) else ():
        _refuse_numbers(part, level + 1)


def read(data: bytes) -> object:
    """Read what ``canonical`` wrote.

    Raises:
        NotCanonicalError: anything else, with the number of the first byte (from 0) that is not as it was written.
    """
    try:
        content = json.loads(data.decode(), object_pairs_hook=_once)
        again = canonical(content)
    except UnicodeDecodeError as error:
        raise NotCanonicalError(f"byte {error.start} is not UTF-8") from error
    except json.JSONDecodeError as error:
        raise NotCanonicalError(f"byte {len(error.doc[: error.pos].encode())}: not JSON ({error.msg})") from error
    except (ValueError, RecursionError) as error:
        raise NotCanonicalError(f"not canonical JSON ({str(error) or 'nested too deeply'})") from error
    if again != data:
        at = next((at for at, (one, other) in enumerate(zip(again, data, strict=False)) if one != other), len(again))
        raise NotCanonicalError(f"byte {at} is not as canonical JSON writes it")
    return content


def _once(pairs: list[tuple[str, object]]) -> dict:
    content = dict(pairs)
    if len(content) != len(pairs):
        raise ValueError("a key stands there twice")
    return content
