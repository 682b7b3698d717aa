"""Targets that are numbers: the age in years, and any other with a unit and a range."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from unlearning.errors import InputError
from unlearning.targets.target import YEARS, Bounds, Head, Offsets, Target

if TYPE_CHECKING:
    import pandas as pd
    import torch

BAND = 5  # years of sixty


@dataclass(frozen=True)
class Numeric(Target):
    """A number of a range, of which the error is the distance; ``measure`` is its unit in words, as months."""

    kind: ClassVar[str] = "numeric"
    numeric: ClassVar[bool] = True
    measure: str = ""
    low: float = 0.0
    high: float = YEARS

    @classmethod
    def of(cls, name: str, unit: str, bounds: Bounds | None) -> Numeric:
        if bounds is None:
            raise InputError(
                f"the range of {name} is not known; give smallest and largest number, as -P range=0-228, or for a column "
                f"of names -P task=classes"
            )
        return cls(name, unit, *bounds)

    @property
    def span(self) -> float:
        return self.high - self.low

    @property
    def unit(self) -> str:
        return self.measure

    @property
    def words(self) -> dict[str, str]:
        unit = self.unit or "units"
        own = {"15 years": f"{self.alpha:g} {unit}", "band of 5 years": "twelfth of the range", "years": unit}
        return own | {"older": "more", "younger": "less"} | super().words

    def output(self, raw: torch.Tensor, head: Head) -> torch.Tensor:
        raw = raw.squeeze(1)
        if head.output == "linear":
            return raw * head.age_std + head.age_mean
        numbers = raw.sigmoid() * head.max_age
        return numbers + self.low if self.low else numbers

    def errors(self, predicted: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        return (predicted - labels).abs()

    def losses(self, predicted: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Errors as years of sixty."""
        return self.apart(predicted, labels)

    def apart(self, predicted: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        return (self.plain(predicted) - self.plain(other)).abs()

    def plain(self, predicted: torch.Tensor) -> torch.Tensor:
        shifted = predicted - self.low if self.low else predicted
        return shifted if self.scale == 1 else shifted / self.scale

    def information(self, predicted: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """The mean answer: its gradients are those of a normal distribution around each answer."""
        return predicted.mean()

    def perturbed(self, labels: torch.Tensor, offsets: Offsets, bounds: Bounds, random: torch.Generator) -> torch.Tensor:
        import torch

        offset = torch.randint(offsets[0], offsets[1] + 1, labels.shape, generator=random)
        sign = 2 * torch.randint(0, 2, labels.shape, generator=random) - 1
        moves = (sign * offset).to(labels.device)
        return (labels + (moves if self.scale == 1 else moves * self.scale)).clamp(*self.within(bounds))

    def drawn(self, count: int, bounds: Bounds, random: torch.Generator) -> torch.Tensor:
        import torch

        low, high = self.within(bounds)
        return low + (high - low) * torch.rand(count, generator=random)

    def within(self, bounds: Bounds) -> Bounds:
        return self.low, self.high

    def said(self, answers: np.ndarray, labels: np.ndarray) -> np.ndarray:
        return answers

    def truth(self, labels: np.ndarray) -> np.ndarray:
        return labels

    def strata(self, labels: np.ndarray) -> np.ndarray:
        return (labels - self.low) / self.scale

    def spelled(self, label: float) -> str:
        return f"{label:.10g}"

    def bands(self, labels: np.ndarray) -> tuple[np.ndarray, list[str]]:
        """Twelve parts of the range; its largest number is in the last."""
        width = BAND * self.scale
        parts = np.floor((labels - self.low) / width).clip(max=YEARS / BAND - 1)
        places, codes = np.unique(parts, return_inverse=True)
        starts = self.low + places * width
        return codes, [f"{self.spelled(start)} to {self.spelled(start + width)}" for start in starts]

    def guess(self, known: np.ndarray, labels: np.ndarray) -> float:
        """Of always answering the median."""
        return float(np.mean(np.abs(labels - np.median(known))))

    def read(self, texts: pd.Series) -> tuple[Numeric, np.ndarray, np.ndarray]:
        import pandas as pd

        texts = texts.str.strip()
        numbers = pd.to_numeric(texts, errors="coerce").to_numpy(np.float64)
        why = np.full(len(texts), "", object)
        outside = ~((numbers >= self.low) & (numbers <= self.high))
        legal = f"{self.spelled(self.low)} to {self.spelled(self.high)}, by -P range"
        why[outside] = f"{self.name} is not in the range: " + texts[outside] + f"; legal: {legal}"
        why[~np.isfinite(numbers)] = f"{self.name} is not a number"
        why[(texts == "").to_numpy()] = f"{self.name} is missing"
        return self, numbers, why

    def in_words(self, answer: Any) -> str:
        """With as many decimals as tell about a tenth of a year of sixty."""
        decimals = max(1, 1 - round(math.log10(self.scale)))
        return f"{float(answer):.{decimals}f} {self.unit}".rstrip()


@dataclass(frozen=True)
class Years(Numeric):
    """The age of a face, in whole years, as all of this project was made for."""

    kind: ClassVar[str] = "years"
    measure: str = "years"

    @property
    def words(self) -> dict[str, str]:
        return {}

    def within(self, bounds: Bounds) -> Bounds:
        return bounds

    def bands(self, labels: np.ndarray) -> tuple[np.ndarray, list[str]]:
        """Five years each."""
        starts, codes = np.unique((labels // BAND * BAND).astype(int), return_inverse=True)
        return codes, [f"{start}-{start + BAND - 1}" for start in starts]
