"""Send a server hostile requests, the same for the same seed, and say whether it stood. With ``age-unlearning serve`` running:

    python tools/fuzz_server.py http://127.0.0.1:5001 --requests 10000 --seed 0 --pid PID

No answer may be a 5xx but 503, or hold a stack trace, a path of the server or a piece of what was sent; the server's memory
must end within 50 MB of where it was, and the 95th percentile of good requests meanwhile be below three times the idle one.
The exit status says whether all of it held.
"""

import argparse
import base64
import http.client
import io
import json
import random
import re
import sys
import threading
import time
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlparse

import numpy as np
import pandas as pd
from PIL import Image

TYPES = ("application/json", "text/csv", "application/vnd.apache.parquet", "image/jpeg", "image/png")
UTF_16, TWO = "application/json; charset=utf-16", "application/json, text/csv"
ODD_TYPES = ("", "text/html", UTF_16, "multipart/form-data", TWO, "x" * 3000, "\xff")
TELLTALE = re.compile(rb"Traceback|File \"|site-packages|/home/|/root/|/work/|/usr/|/tmp/|\.py\b")
LEAST_TOLD = 24  # characters of what was sent that must not come back
WARM = 500  # requests after which memory is measured first: caches and threads are made by then


def face(rng: random.Random, kind: str, size: tuple[int, int] = (90, 110)) -> bytes:
    """A picture of coarse noise."""
    noise = np.array([rng.randrange(256) for _ in range(75)], np.uint8).reshape(5, 5, 3)
    file = io.BytesIO()
    Image.fromarray(noise).resize(size).save(file, kind)
    return file.getvalue()


def broken(rng: random.Random, data: bytes) -> bytes:
    """Cut off, with bits turned, with bytes put in, or twice."""
    data = bytearray(data)
    for _ in range(rng.randint(1, 8)):
        place = rng.randrange(len(data) + 1)
        data = rng.choice(
            (
                lambda d, p: d[:p] or b"\0",
                lambda d, p: d[:p] + bytes([rng.randrange(256)]) + d[p + 1 :],
                lambda d, p: d[:p] + rng.randbytes(rng.randint(1, 50)) + d[p:],
                lambda d, p: d + d[:p],
            )
        )(bytes(data), place)
    return bytes(data)


def bomb(rng: random.Random) -> bytes:
    """A few hundred bytes that say they are a picture of up to gigapixels."""
    side = rng.choice((5_000, 20_000, 60_000, 2**31 - 1))

    def chunk(kind: bytes, content: bytes) -> bytes:
        return len(content).to_bytes(4) + kind + content + zlib.crc32(kind + content).to_bytes(4)

    head = side.to_bytes(4) + side.to_bytes(4) + bytes((8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(100_000), 9)) + chunk(b"IEND", b"")


def polyglot(rng: random.Random) -> bytes:
    """A picture that is also an archive or a page."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("../../etc/passwd", "root")
    return rng.choice(
        (face(rng, "JPEG") + file.getvalue(), b"<html><script>" + face(rng, "PNG"), b"GIF89a/*" + face(rng, "JPEG"))
    )


def value(rng: random.Random, depth: int = 0):
    """Any JSON, and now and then a picture in it."""
    kinds = ("none", "number", "text", "picture", "list", "object")[: 6 if depth < 4 else 4]
    match rng.choice(kinds):
        case "none":
            return rng.choice((None, True, False))
        case "number":
            return rng.choice((0, -1, 1e308, float("nan"), 10 ** rng.randint(1, 400), rng.random()))
        case "text":
            return "".join(chr(rng.choice((0, 9, 34, 92, 0x41, 0xE9, 0xD800, 0x1F600))) for _ in range(rng.randint(0, 30)))
        case "picture":
            return base64.b64encode(picture(rng)).decode()
        case "list":
            return [value(rng, depth + 1) for _ in range(rng.randint(0, 4))]
    names = ("image", "columns", "data", "index", "x", "\0")
    return {rng.choice(names): value(rng, depth + 1) for _ in range(rng.randint(0, 4))}


def picture(rng: random.Random) -> bytes:
    """A hostile one."""
    kind = rng.choice(("JPEG", "PNG"))
    return rng.choice(
        (lambda: broken(rng, face(rng, kind)), lambda: bomb(rng), lambda: polyglot(rng), lambda: rng.randbytes(200))
    )()


def as_json(rng: random.Random) -> bytes:
    text = base64.b64encode(picture(rng)).decode()
    forms = (
        {"dataframe_split": {"columns": ["image"], "data": [[text]] * rng.randint(0, 3)}},
        {"dataframe_records": [{"image": text}, {rng.choice(("image", "face")): value(rng)}]},
        {"inputs": {"image": [text, value(rng)]}},
        {"instances": value(rng)},
        {"inputs": value(rng), "params": value(rng)},
        {rng.choice(("messages", "input", "dataframe_split", "prompt")): value(rng)},
        value(rng),
    )
    body = json.dumps(rng.choice(forms)).encode("utf-8", "surrogatepass")
    deep = rng.choice((b"[", b'{"inputs":')) * rng.choice((10, 1_000, 100_000))
    return rng.choice((body, body, body, broken(rng, body), deep))


def as_table(rng: random.Random) -> tuple[bytes, str]:
    frame = pd.DataFrame({rng.choice(("image", "image", "x")): [picture(rng) for _ in range(rng.randint(0, 4))]})
    if rng.random() < 0.5:
        text = frame.map(lambda data: base64.b64encode(data).decode()).to_csv(index=False).encode()
        return rng.choice((text, broken(rng, text), b"image\n" + b'"' * 1_000, b"image\n" * 5_000, b"," * 50_000)), TYPES[1]
    file = io.BytesIO()
    frame.to_parquet(file)
    return rng.choice((file.getvalue(), broken(rng, file.getvalue()))), TYPES[2]


def hostile(rng: random.Random) -> tuple[bytes, str]:
    """Body and Content-Type of one request."""
    body, kind = rng.choice(
        (
            lambda: (as_json(rng), TYPES[0]),
            lambda: as_table(rng),
            lambda: (picture(rng), rng.choice(TYPES[3:])),
            lambda: (as_json(rng), rng.choice((*TYPES, *ODD_TYPES))),
        )
    )()
    return body, kind if rng.random() < 0.95 else rng.choice(ODD_TYPES)


class Client:
    """One connection that is opened again when the server has closed it."""

    def __init__(self, address: str):
        self._where = urlparse(address).netloc
        self._open = http.client.HTTPConnection(self._where, timeout=60)

    def ask(self, body: bytes, kind: str) -> tuple[int, bytes]:
        for _ in range(2):
            try:
                self._open.request("POST", "/invocations", body, {"Content-Type": kind} if kind else {})
                answer = self._open.getresponse()
                return answer.status, answer.read()
            except (http.client.HTTPException, OSError):
                self._open.close()
                self._open = http.client.HTTPConnection(self._where, timeout=60)
        return 0, b""

    def close(self) -> None:
        self._open.close()


def faults(status: int, answer: bytes, body: bytes) -> Iterator[str]:
    """What is wrong with an answer, in words."""
    if status == 0 or (status >= 500 and status != 503):
        yield f"status {status}"
    if status != 200 and TELLTALE.search(answer):
        yield "tells of the server"
    if status != 200 and len(answer) > 1_000:
        yield "is long"
    texts = re.findall(rb"[A-Za-z0-9+/]{200,}", body) + ([body] if len(body) > LEAST_TOLD else [])
    if status != 200 and any(text[40 : 40 + LEAST_TOLD] in answer for text in texts if len(text) > 80):
        yield "repeats what was sent"


def resident(pid: int) -> float:
    """Megabytes of memory of a process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="utf-8").split()[1])
    return pages * 4096 / 1e6


def good_requests(address: str, good: bytes, go_on: Callable[[int], bool]) -> list[float]:
    """Seconds of good requests, one after the other."""
    client, seconds = Client(address), list[float]()
    while go_on(len(seconds)):
        begun = time.perf_counter()
        status, answer = client.ask(good, "image/jpeg")
        assert status in (200, 503), answer[:300]
        seconds.append(time.perf_counter() - begun)
        time.sleep(0.02)
    client.close()
    return seconds


def attack(address: str, requests: int, seed: int, pid: int = 0) -> dict:
    """Send them, and return what happened: ``statuses``, ``faults``, seconds of good requests idle and meanwhile, memory."""
    rng, client = random.Random(seed), Client(address)
    good, found, statuses, ended = face(random.Random(0), "JPEG"), Counter(), Counter(), threading.Event()
    idle, meanwhile = good_requests(address, good, lambda count: count < 100), []
    asks = threading.Thread(target=lambda: meanwhile.extend(good_requests(address, good, lambda _: not ended.is_set())))
    asks.start()
    before = resident(pid) if pid else 0.0
    for number in range(requests):
        if number == WARM and pid:
            before = resident(pid)
        body, kind = hostile(rng)
        status, answer = client.ask(body, kind)
        statuses[status] += 1
        for fault in faults(status, answer, body):
            found[fault] += 1
            print(f"request {number}: {fault}: {answer[:200]!r}", file=sys.stderr)
    ended.set()
    asks.join()
    client.close()
    grown = resident(pid) - before if pid else 0.0
    p95 = {"idle": float(np.percentile(idle, 95)), "meanwhile": float(np.percentile(meanwhile, 95))}
    return {"statuses": dict(sorted(statuses.items())), "faults": dict(found), "p95": p95, "grown_mb": grown}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("address", help="of the server, as http://127.0.0.1:5001")
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--pid", type=int, default=0, help="of the server's process on this machine, to measure its memory")
    own = parser.parse_args()
    said = attack(own.address, own.requests, own.seed, own.pid)
    print(json.dumps(said, indent=1))
    slower = said["p95"]["meanwhile"] / said["p95"]["idle"]
    print(f"good requests meanwhile: 95th percentile {slower:.1f} times the idle one; memory grew by {said['grown_mb']:.0f} MB")
    return int(bool(said["faults"]) or slower >= 3 or said["grown_mb"] > 50)


if __name__ == "__main__":
    sys.exit(main())
