"""Entry point ``experiment``."""

from pathlib import Path

import click

from entrypoints.command import Entry, ModelName, option
from unlearning.experiments.plan import STUDIES
from unlearning.experiments.presets import PRESETS
from unlearning.experiments.spread import SPREADS
from unlearning.steps.experiment_settings import ExperimentSettings, parse_forget_sets
from unlearning.steps.settings import parse_whole_numbers

LISTED = "; ".join(f"{study.name}: {study.description}" for study in STUDIES.values())
TRAINED = "; ".join(f"{preset.name}: {preset.description}" for preset in PRESETS.values())
PLACES = "; ".join(f"{spread.name}: {spread.description}" for spread in SPREADS.values())


@click.command(cls=Entry)
@option("study", "epochs", f"What is compared, several joined by commas, or all. {LISTED}.")
@option("preset", ExperimentSettings.preset, f"How it is trained. {TRAINED}.")
@option(
    "forget_sets",
    "",
    "Forget rules in place of the studies' own, joined by semicolons, as random:50;file:list.csv; empty keeps the studies'.",
)
@option("data_dir", ExperimentSettings.data_dir, "Folder or table of faces; empty draws faces, as the demo does.")
@option("pretrained", ExperimentSettings.pretrained, "Start from timm's pretrained weights, which timm downloads.", bool)
@option("weights", ExperimentSettings.weights, "Start from a local file instead: safetensors, or what timm saves.")
@option("seeds", "", "Other seeds than the preset's, joined by commas.")
@option("workers", ExperimentSettings.workers, "Cells that run at the same time.", click.IntRange(1))
@option(
    "spread",
    ExperimentSettings.spread,
    f"Where they run. {PLACES}. All machines of a cluster need one tracking server, and the faces at the same place.",
)
@option("name", ExperimentSettings.name, "Registered models are called NAME-PRESET-seed-N.", ModelName())
def main(**values):
    """Run a study's experiments: original, references and unlearned versions for every seed.

    What a finished run has made with the same data, parameters and code is reused, so a killed experiment goes on where it
    was, and several machines that share a tracking server can take different seeds. The report is made by the entry point
    report.
    """
    values["data_dir"] = str(Path(values["data_dir"]).expanduser().resolve()) if values["data_dir"] else ""
    values["studies"] = tuple(STUDIES) if values["study"] == "all" else tuple(values["study"].split(","))
    values["forget_sets"] = parse_forget_sets(values["forget_sets"])
    values["seeds"] = parse_whole_numbers(values["seeds"], "seeds", 0) if values["seeds"] else ()
    values.pop("study")
    settings = ExperimentSettings(**values)

    from unlearning.steps.experiment import experiment

    experiment(settings)


if __name__ == "__main__":
    main()
