"""What every target has to say, and what all kinds of them have in common.

A range of numbers is trained, and judged, as if it were the sixty years of the reference study: ``scale`` is how many of a
target's units such a year is. So what methods and attacks were tuned for in years means the same share of any range, and for
ages nothing changes.
"""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np

if TYPE_CHECKING:  # settings name targets, which must take neither PyTorch nor pandas
    import pandas as pd
    import torch

YEARS = 60.0  # of the reference study's range
ALPHA = 15.0  # of them: the study's scale of Forgetting
Offsets = tuple[int, int]
Bounds = tuple[float, float]


class Head(Protocol):
    """How the last number of a network is read, as ``ModelSpec`` says."""

    @property
    def output(self) -> str: ...
    @property
    def max_age(self) -> float: ...
    @property
    def age_mean(self) -> float: ...
    @property
    def age_std(self) -> float: ...


@dataclass(frozen=True)
class Target(ABC):
    """What a label is, how it is answered, and what being wrong means.

    Whatever takes tensors is about one batch, whatever takes arrays about all faces of a table; a label is one number a face,
    an answer one number or several. Its name is that of a table's column.
    """

    kind: ClassVar[str]
    numeric: ClassVar[bool]
    error: ClassVar[str] = "MAE"  # what a mean error is called
    name: str

    @classmethod
    @abstractmethod
    def of(cls, name: str, unit: str, bounds: Bounds | None) -> Target:
        """The target that a user asks for by a column, a unit and a range; InputError where it cannot have one of these."""

    @property
    @abstractmethod
    def span(self) -> float:
        """How far two labels can be apart, in the unit."""

    @property
    @abstractmethod
    def unit(self) -> str:
        """Of an error, in words; empty for none."""

    @property
    def words(self) -> dict[str, str]:
        """What stands in a sentence about this target where one about ages has something else; longer texts before shorter."""
        return {"ages": "labels", "age": "label"}

    def told(self, sentence: str) -> str:
        """A sentence that was written about ages, about this target."""
        words = self.words
        return re.sub(rf"\b({'|'.join(words)})\b", lambda found: words[found[0]], sentence) if words else sentence

    @property
    def axis(self) -> str:
        """What a figure writes below its labels."""
        return f"{self.name} ({self.unit})" if self.unit else self.name

    def is_like(self, other: Target) -> bool:
        """Can errors of the two be compared? Ranges and classes may differ: they grow with the data."""
        return (self.kind, self.axis) == (other.kind, other.axis)

    @property
    def outputs(self) -> int:
        """How many numbers the head gives for a face."""
        return 1

    @property
    def scale(self) -> float:
        """How many units a year of a range of sixty years is."""
        return self.span / YEARS

    @property
    def alpha(self) -> float:
        """The scale of Forgetting where nobody asks for another, in the unit."""
        return ALPHA * self.scale

    @abstractmethod
    def output(self, raw: torch.Tensor, head: Head) -> torch.Tensor:
        """What the network answers, shape (batch,) or (batch, outputs), from what its head gives, shape (batch, outputs)."""

    def answers(self, predicted: torch.Tensor) -> torch.Tensor:
        """What members of an ensemble are averaged by, and users are told, from the network's output."""
        return predicted

    @abstractmethod
    def errors(self, predicted: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """How wrong every answer is, from 0, in the unit, shape (batch,)."""

    @abstractmethod
    def losses(self, predicted: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """What training makes small, shape (batch,)."""

    @abstractmethod
    def apart(self, predicted: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        """How far every answer is from another network's, in what ``losses`` are counted in, shape (batch,)."""

    def plain(self, predicted: torch.Tensor) -> torch.Tensor:
        """The network's output as numbers whose squares mean something: of a range years of sixty, 0 at its lowest number."""
        return predicted

    def information(self, predicted: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """A mean over faces; the gradient of each face tells how much its answer depends on a weight."""
        return self.losses(predicted, labels).mean()

    @abstractmethod
    def perturbed(self, labels: torch.Tensor, offsets: Offsets, bounds: Bounds, random: torch.Generator) -> torch.Tensor:
        """Labels that are a little wrong, as random labels want them.

        A number is moved by ``offsets``, fewest and most years of sixty, either way; ``bounds`` are of ages alone.
        """

    @abstractmethod
    def drawn(self, count: int, bounds: Bounds, random: torch.Generator) -> torch.Tensor:
        """Labels that mean nothing, any of the range alike, float32, shape (count,)."""

    def within(self, bounds: Bounds) -> Bounds:
        """The range of wrong labels, from that of the ages at hand."""
        return bounds

    @abstractmethod
    def said(self, answers: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """What a prediction table says of each face, to be compared with ``truth``: shape (faces,)."""

    @abstractmethod
    def truth(self, labels: np.ndarray) -> np.ndarray:
        """What ``said`` would be of a model that is never wrong."""

    def shown(self, answers: np.ndarray) -> dict[str, np.ndarray]:
        """Further columns of a prediction table."""
        return {}

    @abstractmethod
    def strata(self, labels: np.ndarray) -> np.ndarray:
        """A number for each label; attacks compare faces only where these are alike in whole numbers."""

    def in_order(self, strata: np.ndarray, known: np.ndarray) -> np.ndarray:
        """Strata as numbers of which neighbours may be taken together where one of the known ones is rare."""
        return strata

    @abstractmethod
    def spelled(self, label: float) -> str:
        """A label as a table has it."""

    @abstractmethod
    def bands(self, labels: np.ndarray) -> tuple[np.ndarray, list[str]]:
        """The band of each label, from 0, and the name of each band: what tables of errors are grouped by."""

    @abstractmethod
    def guess(self, known: np.ndarray, labels: np.ndarray) -> float:
        """The mean error of a prediction that knows nothing of a face, and of labels only what the known ones are."""

    def measured(self, table: pd.DataFrame) -> dict[str, float]:
        """What else a prediction table tells of a model, by name."""
        return {}

    @abstractmethod
    def read(self, texts: pd.Series) -> tuple[Target, np.ndarray, np.ndarray]:
        """From a column of a table the target (which may learn its classes there), the labels, and why each text is none.

        The reason is empty for a text that is a label.
        """

    @property
    def columns(self) -> dict[str, str]:
        """Names of what is served, in order, and their types: ``double`` or ``string``."""
        return {self.name: "double"}

    def served(self, answers: np.ndarray) -> dict[str, Any]:
        """What is served, by these names."""
        return {self.name: answers}

    def error_in_words(self, text: str) -> str:
        """A mean error, as a version's tag has it, for people."""
        return f"{self.error} {text} {self.unit}".rstrip()

    @abstractmethod
    def in_words(self, answer: Any) -> str:
        """The answer for one face, for people."""

    def as_dict(self) -> dict[str, Any]:
        """What a file holds of it."""
        return {"kind": self.kind} | asdict(self)

    def as_text(self) -> str:
        """What a version's tag says of it."""
        return json.dumps(self.as_dict())
