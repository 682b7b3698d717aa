"""How an experiment is trained: the study's own way, what two cores do in about an hour, and a demonstration."""

from dataclasses import dataclass, field

from unlearning.data.settings import DataSettings
from unlearning.naming import by_name


@dataclass(frozen=True)
class Preset:
    """Everything about an experiment's training, as ``-P preset=`` names it; the folder of the data is the user's.

    Args:
        model: fields of the network's spec.
        changes: values that replace the recipe's.
        params: settings of each method.
        seeds: one original and one reference each; N of the tables.
    """

    name: str
    description: str
    data: DataSettings
    model: dict
    recipe: str = "scratch"
    changes: dict = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
    seeds: tuple[int, ...] = (0, 1, 2)


GENTLE = {"ft": "lr=1e-5", "rnd": "lr=1e-5"}  # the study's rate, a tenth of the methods' defaults
PRESETS = by_name(
    Preset(
        "study",
        "ResNet50 at 224 px from pretrained weights, Adam 1e-5, up to 142 epochs with patience 15: for a GPU",
        DataSettings(fraction=0.3, augment_to=150),
        {"arch": "resnet50", "image_size": 224},
        recipe="study",
        params=GENTLE,
    ),
    Preset(
        "resnet50",
        "ResNet50 at 128 px from scratch, 12 epochs: minutes on a large GPU, many hours on two cores",
        DataSettings(fraction=0.8, augment_to=150),
        {"arch": "resnet50", "image_size": 128},
        changes={"epochs": 12},
        params=GENTLE,
    ),
    Preset(
        "resnet50-48",
        "as resnet50, at 48 px and with one seed: half an hour a training on two cores",
        DataSettings(fraction=0.8, augment_to=150),
        {"arch": "resnet50", "image_size": 48},
        changes={"epochs": 12},
        params=GENTLE,
        seeds=(0,),
    ),
    Preset(
        "small",
        "timm's test_resnet at 64 px from scratch, 12 epochs: about an hour on two cores",
        DataSettings(fraction=0.8, augment_to=150),
        {"arch": "test_resnet", "image_size": 64},
        changes={"epochs": 12},
        params=GENTLE,
    ),
    Preset(
        "tiny",
        "as small, on half of its faces without copies: a method in seconds, to compare all of them",
        DataSettings(fraction=0.4),
        {"arch": "test_resnet", "image_size": 64},
        changes={"epochs": 12},
        params=GENTLE,
    ),
    Preset(
        "demo",
        "300 drawn faces at 32 px, 3 epochs, two seeds: minutes, to see that everything works",
        DataSettings(drawn_faces=300, augment_to=8),
        {"arch": "test_resnet", "image_size": 32},
        changes={"epochs": 3, "precision": "32-true"},
        seeds=(0, 1),
    ),
)
