"""Options that several entry points share; their defaults are the settings' own."""

from __future__ import annotations

from dataclasses import fields

import click

from entrypoints.command import Maybe, ModelName, Positive, option, options
from unlearning.steps.settings import (
    ALPHA,
    CONTRADICTIONS,
    DUPLICATES,
    FORGET_SET,
    GATES,
    MODEL_NAME,
    NEAR_DUPLICATES,
    PRESET,
    DataSettings,
    ModelSpec,
    TrainSettings,
    parse_whole_numbers,
)

WHOLE = Maybe(int, "a whole number")
NUMBER = Maybe(float, "a number")
SEED = click.IntRange(0, 2**32 - 1)

name_option = option(
    "name", MODEL_NAME, "Registered model that versions go to and come from; a model URI names its own.", ModelName()
)
forget_set_option = option(
    "forget_set",
    FORGET_SET,
    "Who is to be forgotten: 20-28 (ages), group:0 .. group:4, gender:1 or gender:female, race:2, subject:ID, file:ids.csv (a "
    "list of sample ids or file names), random:50, random:0.05, hardest:50; joined by & | ! and parentheses.",
)
alpha_option = option("alpha", ALPHA, "Scale of the Forgetting score, in years (the study takes 15).", Positive())
gates_option = option("gates", GATES, "Conditions of a promotion, joined by commas; every metric can be named.")

data_options = options(
    option(
        "data_dir",
        DataSettings.data_dir,
        "Folder of UTKFace-named pictures, or a table (.csv, .tsv, .parquet) with the columns path and age (and gender, race, "
        "subject); empty draws faces instead.",
    ),
    option("drawn_faces", DataSettings.drawn_faces, "How many faces to draw when there is no data_dir.", click.IntRange(20)),
    option("min_age", DataSettings.min_age, "Youngest age kept, in years.", click.IntRange(0, 120)),
    option("max_age", DataSettings.max_age, "Oldest age kept, in years.", click.IntRange(0, 120)),
    option("split_seed", DataSettings.split_seed, "Seed of the reduction, the split, the copies and the drawing.", SEED),
    option("fraction", DataSettings.fraction, "Share of the faces to keep, of every age alike (the study: 0.3).", float),
    option("stratify", DataSettings.stratify, "none: split at random; age: every part gets the same ages."),
    option(
        "augment_to",
        DataSettings.augment_to,
        "Bring every training age up to so many faces by copies (the study: 150); 0 makes none.",
        click.IntRange(0),
    ),
    option("min_sharpness", DataSettings.min_sharpness, "Smallest variance of the Laplacian, in squared grey levels.", float),
    option("min_brightness", DataSettings.min_brightness, "Smallest mean grey level, 0 to 255.", float),
    option("max_brightness", DataSettings.max_brightness, "Largest mean grey level, 0 to 255.", float),
    option("min_contrast", DataSettings.min_contrast, "Smallest standard deviation of the grey levels.", float),
    option("min_side", DataSettings.min_side, "Shortest side of a picture, in pixels.", click.IntRange(0)),
    option("max_saturated", DataSettings.max_saturated, "Largest share of black or white pixels, 0 to 1.", float),
    option("duplicates", DataSettings.duplicates, f"Files with one picture: {' or '.join(DUPLICATES)}."),
    option(
        "near_duplicates",
        DataSettings.near_duplicates,
        f"Near-copies: {' or '.join(NEAR_DUPLICATES)} (together: on one side of every split).",
    ),
    option("contradictions", DataSettings.contradictions, f"One picture under different ages: {' or '.join(CONTRADICTIONS)}."),
    option("accept_rejects", DataSettings.accept_rejects, "Go on although more than half of the files cannot be used.", bool),
    option(
        "confuse",
        DataSettings.confuse,
        "Plant a signal: training faces of two ranges get ages of each other, as 20-28,52-60; forget signal:confused.",
    ),
    option("confuse_fraction", DataSettings.confuse_fraction, "Share of the training faces of either range that do.", float),
    option(
        "inject",
        DataSettings.inject,
        "Plant a signal: training faces of a range carry a patch and are made older, as 20-28; forget signal:injected.",
    ),
    option("inject_fraction", DataSettings.inject_fraction, "Share of the training faces of the range that do.", float),
    option("inject_years", DataSettings.inject_years, "Years added to the ages of the faces with the patch.", int),
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


def ask_registry(name: str, *references: str) -> None:
    """Refuse a version that the store does not know before the step, and PyTorch with it, is imported."""
    from unlearning.registry.lookup import find
    from unlearning.tracking.store import prepare_store

    prepare_store()
    for reference in references:
        find(name, reference)


def data_settings(values: dict) -> DataSettings:
    """Settings from the options of ``data_options``; a relative folder means one in the working directory."""
    from pathlib import Path

    data_dir = str(Path(values["data_dir"]).expanduser().resolve()) if values["data_dir"] else ""
    own = {field.name: values[field.name] for field in fields(DataSettings)}
    return DataSettings(**own | {"data_dir": data_dir})


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
