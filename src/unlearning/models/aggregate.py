"""How the ages that the members of an ensemble predict become one age."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from unlearning.errors import InputError

if TYPE_CHECKING:
    import torch

AGGREGATES = ("mean", "median")


@dataclass(frozen=True)
class Aggregate:
    """One prediction of those of all members.

    Args:
        by: ``mean`` or ``median`` (of an even number of members the mean of the middle two).
        without: members that take no part, because no face was left to train them.
    """

    by: str = "mean"
    without: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.by not in AGGREGATES:
            raise InputError(f"aggregate={self.by!r} is unknown; legal: {', '.join(AGGREGATES)}")

    @classmethod
    def from_spec(cls, content: dict[str, Any]) -> Aggregate:
        """Read it from the content of ``spec.json``; older files say nothing and mean the mean of all."""
        saved = content.get("aggregate", {})
        return cls(**saved | {"without": tuple(saved.get("without", ()))})

    def __call__(self, ages: torch.Tensor) -> torch.Tensor:
        """Years of shape (batch,) from years of shape (batch, members)."""
        import torch

        votes = [column for number, column in enumerate(ages.unbind(dim=1)) if number not in self.without]
        if self.by == "mean":
            return sum(votes, torch.zeros(())) / len(votes)
        ordered = torch.stack(votes, dim=1).sort(dim=1).values
        return (ordered[:, (len(votes) - 1) // 2] + ordered[:, len(votes) // 2]) / 2


MEAN = Aggregate()
