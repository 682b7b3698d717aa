"""Entry point ``report``."""

import click

from entrypoints.command import Entry, option
from unlearning.experiments.presets import PRESETS
from unlearning.steps.experiment_settings import ReportSettings


@click.command(cls=Entry)
@option("preset", ReportSettings.preset, f"Whose experiments are reported: {', '.join(PRESETS)}; empty for the newest's.")
@option("out", ReportSettings.out, "Folder to write page, tables and figures to as well; empty for the run alone.")
def main(**values):
    """Put what the experiments found beside the study's published values: tables, figures, verdicts, one HTML page."""
    settings = ReportSettings(**values)

    from unlearning.steps.report import report

    report(settings)


if __name__ == "__main__":
    main()
