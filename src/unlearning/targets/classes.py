"""Targets that are one of several classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from unlearning.errors import InputError
from unlearning.targets.target import Bounds, Head, Offsets, Target

if TYPE_CHECKING:
    import pandas as pd
    import torch

OFF = "as the probability of the true class less 1: 0 is certain of it"
ANSWER, ACCURACY = "answer", "test_accuracy"  # the column of a prediction table that holds the likeliest class, and its metric


@dataclass(frozen=True)
class Classes(Target):
    """One of several classes: its label is the place of its name, its error 1 less the probability of the true class.

    Names of classes that are not given are learned from the column.
    """

    kind: ClassVar[str] = "classes"
    numeric: ClassVar[bool] = False
    error: ClassVar[str] = "error"
    classes: tuple[str, ...] = ()

    @classmethod
    def of(cls, name: str, unit: str, bounds: Bounds | None) -> Classes:
        if unit or bounds:
            raise InputError(f"{name} has classes, which have neither unit nor range; leave unit and range out")
        return cls(name)

    @property
    def span(self) -> float:
        return 1.0

    @property
    def unit(self) -> str:
        return ""

    @property
    def words(self) -> dict[str, str]:
        off = {"in years: right of 0 it takes faces for older than they are, left for younger": OFF}
        own = {"the median training age": "the shares of the training classes"}
        own |= {"15 years": f"{self.alpha:g}", "band of 5 years": "class", "years": "probability", "MAE": "mean error"}
        return off | own | {"older": "for", "younger": "against", "ages": "classes", "age": "class"}

    @property
    def outputs(self) -> int:
        return len(self.classes)

    def output(self, raw: torch.Tensor, head: Head) -> torch.Tensor:
        """Logits."""
        return raw

    def answers(self, predicted: torch.Tensor) -> torch.Tensor:
        """Probabilities, of which a mean means something."""
        return predicted.softmax(-1)

    def errors(self, predicted: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        return 1 - self.answers(predicted).gather(-1, labels.long().unsqueeze(-1)).squeeze(-1)

    def losses(self, predicted: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Cross entropy."""
        return -predicted.log_softmax(-1).gather(-1, labels.long().unsqueeze(-1)).squeeze(-1)

    def apart(self, predicted: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        """The Kullback-Leibler divergence from the other network's answer."""
        return (other.softmax(-1) * (other.log_softmax(-1) - predicted.log_softmax(-1))).sum(-1)

    def perturbed(self, labels: torch.Tensor, offsets: Offsets, bounds: Bounds, random: torch.Generator) -> torch.Tensor:
        """Any other class."""
        import torch

        moves = torch.randint(1, self.outputs, labels.shape, generator=random)
        return (labels + moves.to(labels.device)) % self.outputs

    def drawn(self, count: int, bounds: Bounds, random: torch.Generator) -> torch.Tensor:
        import torch

        return torch.randint(self.outputs, (count,), generator=random).float()

    def said(self, answers: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """The probability of the true class."""
        return answers[np.arange(len(labels)), labels.astype(np.int64)]

    def truth(self, labels: np.ndarray) -> np.ndarray:
        return np.ones(len(labels))

    def shown(self, answers: np.ndarray) -> dict[str, np.ndarray]:
        """The likeliest class, and the probability of each."""
        return {ANSWER: answers.argmax(axis=1)} | {f"p_{name}": answers[:, at] for at, name in enumerate(self.classes)}

    def strata(self, labels: np.ndarray) -> np.ndarray:
        return labels

    def in_order(self, strata: np.ndarray, known: np.ndarray) -> np.ndarray:
        """Places by how many there are of each class, so that rare ones are neighbours, whatever they are called."""
        sizes = np.bincount(known.astype(np.int64), minlength=self.outputs)
        return np.argsort(np.argsort(sizes, kind="stable"))[strata.astype(np.int64)]

    def spelled(self, label: float) -> str:
        return self.classes[int(label)]

    def bands(self, labels: np.ndarray) -> tuple[np.ndarray, list[str]]:
        places, codes = np.unique(labels.astype(np.int64), return_inverse=True)
        return codes, [self.classes[place] for place in places]

    def guess(self, known: np.ndarray, labels: np.ndarray) -> float:
        """Of always giving each class the probability that it has among the known labels."""
        shares = np.bincount(known.astype(np.int64), minlength=self.outputs) / len(known)
        return float(np.mean(1 - shares[labels.astype(np.int64)]))

    def measured(self, table: pd.DataFrame) -> dict[str, float]:
        """The share of test faces whose likeliest class is the true one; nothing where no table says which that is."""
        test = table[table.split == "test"]
        return {} if ANSWER not in table else {ACCURACY: float((test.answer == test.label).mean())}

    def read(self, texts: pd.Series) -> tuple[Classes, np.ndarray, np.ndarray]:
        names = texts.str.strip()
        classes = self.classes or tuple(sorted({name for name in names if name}))
        if len(classes) < 2:
            raise InputError(
                f"{self.name} has {f'one class, {classes[0]!r},' if classes else 'no class'} in this data, and a model tells "
                f"apart two or more; give another column, as -P target=breed"
            )
        if self.name in (f"p_{name}" for name in classes):
            raise InputError(
                f"target={self.name} is what the probability of its class {self.name[2:]!r} is called where it is served; call "
                f"the column otherwise"
            )
        labels = names.map({name: place for place, name in enumerate(classes)}).fillna(-1).to_numpy(np.int64)
        why = np.where(labels < 0, f"{self.name} is missing", "").astype(object)
        return type(self)(self.name, classes), labels, why

    @property
    def columns(self) -> dict[str, str]:
        return {self.name: "string"} | {f"p_{name}": "double" for name in self.classes}

    def served(self, answers: np.ndarray) -> dict[str, Any]:
        """The likeliest class, and the probability of each."""
        probabilities = self.shown(answers)
        return {self.name: [self.classes[place] for place in probabilities.pop(ANSWER)]} | probabilities

    def in_words(self, answer: Any) -> str:
        return f"{self.classes[int(np.argmax(answer))]} ({np.max(answer):.0%})"
