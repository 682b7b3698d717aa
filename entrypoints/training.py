"""Options of the entry points that train: the faces, the network, the recipe."""

from dataclasses import asdict

from entrypoints.command import Maybe, options
from entrypoints.declared import declared, read
from unlearning.settings.training import DataSettings, ModelSpec, RecipeChanges, TrainSettings

WHOLE = Maybe(int, "a whole number")

train_options = options(
    declared(DataSettings),
    declared(ModelSpec),
    declared(TrainSettings, "preset"),
    declared(RecipeChanges),
    declared(TrainSettings, "seeds"),
)


def train_settings(values: dict, epochs: int | None) -> TrainSettings:
    """Settings from the options of ``train_options``, and those of the scheme where they are asked for."""
    changes = asdict(read(RecipeChanges, values)) | {"epochs": epochs}
    return read(
        TrainSettings,
        values,
        data=read(DataSettings, values),
        model=read(ModelSpec, values),
        changes={name: value for name, value in changes.items() if value not in ("", None)},
    )
