"""What a server counts, in Prometheus' format."""

from contextlib import AbstractContextManager

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest

STEPS = ("parse", "answer", "predict")  # to answer is to decode and to predict
SECONDS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)

disable_created_metrics()


class Numbers:
    """Counters of one server; nothing in them tells of a picture or of who sent it."""

    def __init__(self) -> None:
        own = self._registry = CollectorRegistry()
        self.requests = Counter("age_requests", "Requests answered.", ("path", "status"), registry=own)
        self.pictures = Counter("age_pictures", "Pictures answered with an age.", registry=own)
        self.refusals = Counter("age_refusals", "Requests refused, by reason.", ("reason",), registry=own)
        self.switches = Counter("age_switches", "Times that another version took over.", registry=own)
        self.failures = Counter("age_follow_failures", "Looks at the registry that failed.", registry=own)
        self.version = Gauge("age_version", "1 for the version that answers.", ("version",), registry=own)
        self.waiting = Gauge("age_requests_in_flight", "Requests that are being answered.", registry=own)
        self._seconds = Histogram("age_step_seconds", "Seconds of a step.", ("step",), buckets=SECONDS, registry=own)

    def timed(self, step: str) -> AbstractContextManager[object]:
        """Count the seconds of one of STEPS."""
        return self._seconds.labels(step).time()

    def answers(self, version: str) -> None:
        """Another version answers from now on; empty for none."""
        self.version.clear()
        if version:
            self.version.labels(version).set(1)

    def text(self) -> bytes:
        """All of it, as Prometheus asks for it."""
        return generate_latest(self._registry)
