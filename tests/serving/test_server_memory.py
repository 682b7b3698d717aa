"""What a thread of the server has freed is gone from the process's memory, not only free."""

import os
import subprocess
import sys

import pytest

from places import ROOT

SCRIPT = """
import os, sys, threading
from unlearning.server.memory import give_back, share_one_arena

if sys.argv[1] == "shared":
    share_one_arena()
secret = os.urandom(64)

def fetch():
    more = bytes(3_000_000)  # once a large block was freed, glibc keeps those of this size
    del more
    body = secret * 20_000
    del body

thread = threading.Thread(target=fetch)
thread.start()
thread.join()
give_back()
found = 0
with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", buffering=0) as memory:
    for span, rights, *_ in map(str.split, maps):
        begin, end = (int(place, 16) for place in span.split("-"))
        if rights.startswith("rw"):
            content = os.pread(memory.fileno(), end - begin, begin)
            found += content.count(secret)
            del content
print(found)
"""


def copies_left(arenas: str) -> int:
    own = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run([sys.executable, "-c", SCRIPT, arenas], env=own, capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_what_a_thread_has_freed_is_found_no_more_because_threads_share_an_arena():
    assert copies_left("own") > 1000
    assert copies_left("shared") <= 2  # the secret itself
