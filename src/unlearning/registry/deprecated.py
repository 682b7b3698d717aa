"""What MLflow has retired and people still look at."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

STAGES_RETIRED = "(?s).*(stages|latest_versions|transition_model_version_stage).*deprecated.*"


@contextmanager
def stages() -> Iterator[None]:
    """Stages are deprecated and still what people look at; this one warning is known."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", STAGES_RETIRED, FutureWarning)
        yield
