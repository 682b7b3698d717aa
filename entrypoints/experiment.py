import click

from entrypoints.command import Entry, option, resumable
from entrypoints.declared import declared, read
from unlearning.experiments.plan import STUDIES
from unlearning.settings.experiments import ExperimentSettings, parse_forget_sets

LISTED = "; ".join(f"{study.name}: {study.description}" for study in STUDIES.values())


@click.command(cls=Entry)
@option("study", "epochs", f"What is compared, several joined by commas, or all. {LISTED}.")
@declared(ExperimentSettings)
@resumable
def main(**values):
    """Run a study's experiments: original, references and unlearned versions for every seed.

    What a finished run has made with the same data, parameters and code is reused, so a killed experiment goes on where it
    was, and several machines that share a tracking server can take different seeds. The report is made by the entry point
    report.
    """
    studies = tuple(STUDIES) if values["study"] == "all" else tuple(values["study"].split(","))
    settings = read(ExperimentSettings, values, studies=studies, forget_sets=parse_forget_sets(values["forget_sets"]))

    from unlearning.steps.experiment import experiment

    experiment(settings)


if __name__ == "__main__":
    main()
