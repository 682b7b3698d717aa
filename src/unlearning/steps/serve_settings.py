"""What a user decides about a server: the defaults of serve stand here."""

from __future__ import annotations

from dataclasses import dataclass, fields

from unlearning.declared import setting
from unlearning.errors import InputError
from unlearning.server.limits import Limits
from unlearning.steps.settings import model_name


@dataclass(frozen=True)
class ServeSettings:
    """A server.

    Args:
        port: where it listens; 0 takes a free one.
        host: name or address of this machine that it listens at; 0.0.0.0 for all of them.
        follow: alias or number of the version that answers; an alias is followed when it is moved.
        refresh: seconds between two looks at the registry.
        beside: alias of another version whose age the page shows as well, as original; empty for none.
        address: where others reach the server, for the registry; empty for http://HOST:PORT, or this machine's name.
        batch: most pictures that are predicted together.
        wait_ms: milliseconds that a picture waits for others.
        queue: most requests at once; to others it answers 503.
        megabytes: most of a request; to larger ones it answers 413.
        megapixels: most of all pictures of a request.
        seconds: most that a request may take, and that a client may take to send it.
        name: registered model.
    """

    port: int = setting(5001, least=0, most=65535)
    host: str = "127.0.0.1"
    follow: str = "champion"
    refresh: float = setting(10.0, kind="positive")
    beside: str = ""
    address: str = ""
    batch: int = setting(Limits.batch, least=1)
    wait_ms: int = setting(Limits.wait_ms, least=0)
    queue: int = setting(Limits.queue, least=1)
    megabytes: int = setting(Limits.megabytes, least=1)
    megapixels: int = setting(Limits.megapixels, least=1)
    seconds: int = setting(Limits.seconds, least=1)
    name: str = model_name()

    def __post_init__(self):
        for name, legal in (("follow", "an alias, as champion, or a version's number"), ("host", "a name or an address")):
            if not getattr(self, name):
                raise InputError(f"{name} is empty; legal: {legal}")

    @property
    def limits(self) -> Limits:
        """What a request may cost."""
        return Limits(**{one.name: getattr(self, one.name) for one in fields(Limits)})
