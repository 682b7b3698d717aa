"""Options that several entry points share; their defaults are the settings' own."""

from __future__ import annotations

import click

from entrypoints.command import Maybe, Positive, option, options
from unlearning.steps.settings import (
    ALPHA,
    FORGET_SET,
    GATES,
    MODEL_NAME,
    PRESET,
    DataSettings,
    ModelSpec,
    TrainSettings,
    parse_whole_numbers,
)

WHOLE = Maybe(int, "a whole number")
NUMBER = Maybe(float, "a number")
SEED = click.IntRange(0, 2**32 - 1)

name_option = option("name", MODEL_NAME, "Registered model that versions go to and come from.")
forget_set_option = option(
    "forget_set",
    FORGET_SET,
    "Who is to be forgotten: an inclusive age range (20-28), or a group of the study (group:0 .. group:4).",
)
alpha_option = option("alpha", ALPHA, "Scale of the Forgetting score, in years (the study takes 15).", Positive())
gates_option = option("gates", GATES, "Conditions of a promotion, joined by commas; every metric can be named.")

data_options = options(
    option("data_dir", DataSettings.data_dir, "Folder of UTKFace-named pictures; empty draws faces instead."),
    option("drawn_faces", DataSettings.drawn_faces, "How many faces to draw when there is no data_dir.", click.IntRange(20)),
    option("min_age", DataSettings.min_age, "Youngest age kept, in years.", click.IntRange(0, 120)),
    option("max_age", DataSettings.max_age, "Oldest age kept, in years.", click.IntRange(0, 120)),
    option("split_seed", DataSettings.split_seed, "Seed of the 60/20/20 split, and of the drawing.", SEED),
)

image_size_option = option("image_size", ModelSpec.image_size, "Side of the network's input, in pixels (the study: 224).", int)

model_options = options(
    option("arch", ModelSpec.arch, "Any backbone of timm; try test_resnet to see everything run in seconds."),
    image_size_option,
    option("pretrained", ModelSpec.pretrained, "Start from timm's pretrained weights, which timm downloads.", bool),
    option("weights", ModelSpec.weights, "Start from a local file instead: safetensors, or what timm saves."),
    option("output", ModelSpec.output, "Last layer: sigmoid (times 60 years, as the study) or linear (standardised)."),
    option("dropout_features", ModelSpec.dropout_features, "Dropout behind the 512 features.", float),
    option("dropout_hidden", ModelSpec.dropout_hidden, "Dropout behind the 256 hidden units.", float),
)

recipe_options = options(
    option("preset", PRESET, "Recipe to start from: scratch (AdamW 1e-3, one-cycle) or study (Adam 1e-5, 142 epochs)."),
    option("batch_size", "", "Most faces in a step; empty for the preset's.", WHOLE),
    option("lr", "", "Learning rate, the peak of one-cycle; empty for the preset's.", NUMBER),
    option("optimizer", "", "adam or adamw; empty for the preset's."),
    option("schedule", "", "constant or onecycle; empty for the preset's."),
    option("weight_decay", "", "Weight decay; empty for the preset's.", NUMBER),
    option("patience", "", "Epochs without a better validation error before training stops; empty for the preset's.", WHOLE),
    option("precision", "auto", "auto (the faster one, measured), 32-true, bf16-mixed or 16-mixed."),
    option("seeds", "0", "One member of the ensemble for each seed, joined by commas (the study: 0,1,2)."),
)

RECIPE_FIELDS = ("batch_size", "lr", "optimizer", "schedule", "weight_decay", "patience", "precision")


def data_settings(values: dict) -> DataSettings:
    """Settings from the options of ``data_options``; a relative folder means one in the working directory."""
    from pathlib import Path

    from unlearning.errors import InputError

    if values["min_age"] >= values["max_age"]:
        raise InputError(f"min_age={values['min_age']} is not below max_age={values['max_age']}")
    data_dir = str(Path(values["data_dir"]).expanduser().resolve()) if values["data_dir"] else ""
    return DataSettings(data_dir, values["drawn_faces"], values["min_age"], values["max_age"], values["split_seed"])


def train_settings(values: dict, epochs: int | None) -> TrainSettings:
    """Settings from the options of ``data_options``, ``model_options`` and ``recipe_options``."""
    model_fields = ("arch", "image_size", "pretrained", "weights", "output", "dropout_features", "dropout_hidden")
    changes = {field: values[field] for field in RECIPE_FIELDS if values[field] not in ("", None)} | {"epochs": epochs}
    return TrainSettings(
        data=data_settings(values),
        model=ModelSpec(**{field: values[field] for field in model_fields}),
        preset=values["preset"],
        changes={name: value for name, value in changes.items() if value is not None},
        seeds=parse_whole_numbers(values["seeds"], "seeds", 0),
        name=values["name"],
    )
