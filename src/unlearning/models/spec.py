"""What a model is, as data: the same spec and seed build the same network."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from unlearning.declared import setting
from unlearning.errors import InputError
from unlearning.records import read_record
from unlearning.targets import AGE, Target, from_dict

if TYPE_CHECKING:
    import torch

OUTPUTS = ("sigmoid", "linear")
SMALLEST_SIDE = 16
LARGEST_SIDE = 1024


@dataclass(frozen=True)
class ModelSpec:
    """A timm backbone under the study's head.

    The head is: 512 features, dropout, dense 256 ReLU, dropout, dense 128 ReLU, and a dense layer with the target's outputs,
    1 for a number. ``sigmoid`` multiplies that by ``max_age`` years, as the study does; ``linear`` reads it as a standardised
    age. Of other numbers than ages ``max_age``, ``age_mean`` and ``age_std`` are range, mean and spread; of classes the
    outputs are logits.

    Args:
        arch: any backbone of timm; try test_resnet to see everything run in seconds.
        image_size: side of the network's input, in pixels (the study: 224).
        pretrained: start from timm's pretrained weights, which timm downloads.
        weights: start from a local file instead: safetensors, or what timm saves.
        output: last layer: sigmoid (times 60 years, as the study, or max_age) or linear (standardised).
        dropout_features: dropout behind the 512 features.
        dropout_hidden: dropout behind the 256 hidden units.
        max_age: years that a sigmoid of 1 stands for: 60, or the oldest age that training was asked for.
        age_mean: mean training age in years, for ``linear``.
        age_std: standard deviation of the training ages in years, for ``linear``; at least 1.
        target: what is predicted.
    """

    arch: str = "resnet50"
    image_size: int = 48
    pretrained: bool = False
    weights: str = ""
    output: str = "sigmoid"
    dropout_features: float = 0.5
    dropout_hidden: float = 0.2
    max_age: float = setting(60.0, asked=False)
    age_mean: float = setting(40.0, asked=False)
    age_std: float = setting(12.0, asked=False)
    target: Target = setting(AGE, asked=False)

    def __post_init__(self) -> None:
        if not SMALLEST_SIDE <= self.image_size <= LARGEST_SIDE:
            raise InputError(f"image_size={self.image_size} is not possible; legal: {SMALLEST_SIDE} to {LARGEST_SIDE} pixels")
        if self.output not in OUTPUTS:
            raise InputError(f"output={self.output!r} is unknown; legal: {', '.join(OUTPUTS)}")
        for name in ("dropout_features", "dropout_hidden"):
            if not 0 <= getattr(self, name) < 1:
                raise InputError(f"{name}={getattr(self, name)} is not a rate; legal: 0 up to, not including, 1")
        if self.pretrained and self.weights:
            raise InputError("pretrained=true and weights=FILE exclude each other; give one of them")

    def standardised(self, ages: torch.Tensor) -> ModelSpec:
        """The same with the mean and spread of these ages, which a linear output needs: those of the faces to train on.

        They stand in the saved model, so ages of forgotten faces must not be among them where it is trained without them.
        """
        spread = max(float(ages.std(correction=0)), self.target.scale)
        return replace(self, age_mean=float(ages.mean()), age_std=spread)

    def predicting(self, target: Target) -> ModelSpec:
        """The same network for another target; of the age it stays as it is."""
        if target == self.target:
            return self
        return replace(self, target=target, max_age=target.span)

    def as_dict(self) -> dict[str, Any]:
        """All of it as a file holds it; spec files of earlier releases have no target, which means the age."""
        return asdict(self) | {"target": self.target.as_dict()}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> ModelSpec:
        """Read what ``as_dict`` wrote; raises as ``read_record`` and ``targets.from_dict`` do."""
        target = {"target": from_dict(values["target"])} if "target" in values else {}
        return read_record(cls, values | target)


def target_of(network: torch.nn.Module) -> Target:
    """What a network predicts; one that says nothing of it predicts ages."""
    spec = getattr(network, "spec", None)
    return spec.target if isinstance(spec, ModelSpec) else AGE
