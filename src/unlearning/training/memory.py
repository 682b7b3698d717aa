"""The most memory that something took: of the GPU where there is one, else of the process."""

import resource
from pathlib import Path

import torch

MB = 10**6
STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def reset_peak() -> None:
    """Forget the peak so far. Where the system cannot (no Linux), the peak stays that of the whole process."""
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
    elif CLEAR.exists():
        CLEAR.write_text("5", encoding="utf-8")


def peak_mb() -> float:
    """Peak since ``reset_peak``, in MB (10^6 bytes), with everything that was in memory before."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / MB
    if STATUS.exists():
        lines = dict(line.split(":", 1) for line in STATUS.read_text(encoding="utf-8").splitlines() if ":" in line)
        return int(lines["VmHWM"].split()[0]) * 1024 / MB
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / MB
