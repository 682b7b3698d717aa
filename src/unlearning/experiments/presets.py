"""How an experiment is trained: the study's own way, what two cores do in about an hour, and a demonstration."""

from __future__ import annotations

from dataclasses import dataclass, field

from unlearning.data.settings import DataSettings
from unlearning.naming import by_name


@dataclass(frozen=True)
class Preset:
    """Everything about an experiment's training.

    Args:
        name: what ``-P preset=`` calls it.
        description: one line for people.
        data: protocol of the data; its folder is the user's.
        model: fields of the network's spec.
        recipe: name of the training recipe.
        changes: values that replace the recipe's.
        params: settings of each method.
        seeds: one original and one reference each; N of the tables.
    """

    name: str
    description: str
    data: DataSettings
    model: dict
    recipe: str
    changes: dict = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
    seeds: tuple[int, ...] = (0, 1, 2)


PRESETS = by_name(
    Preset(
        name="study",
        description="ResNet50 at 224 px from pretrained weights, Adam 1e-5, up to 142 epochs with patience 15: for a GPU",
        data=DataSettings(fraction=0.3, augment_to=150),
        model={"arch": "resnet50", "image_size": 224},
        recipe="study",
        params={"ft": "lr=1e-5", "rnd": "lr=1e-5"},
    ),
    Preset(
        name="small",
        description="timm's test_resnet at 64 px from scratch, 12 epochs: about an hour on two cores",
        data=DataSettings(fraction=0.8, augment_to=150),
        model={"arch": "test_resnet", "image_size": 64},
        recipe="scratch",
        changes={"epochs": 12},
        params={"ft": "lr=1e-5", "rnd": "lr=1e-5"},
    ),
    Preset(
        name="demo",
        description="300 drawn faces at 32 px, 3 epochs, two seeds: minutes, to see that everything works",
        data=DataSettings(drawn_faces=300, augment_to=8),
        model={"arch": "test_resnet", "image_size": 32},
        recipe="scratch",
        changes={"epochs": 3, "precision": "32-true"},
        seeds=(0, 1),
    ),
)
