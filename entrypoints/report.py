"""Entry point ``report``."""

import click

from entrypoints.command import Entry
from entrypoints.declared import declared, read
from unlearning.steps.experiment_settings import ReportSettings


@click.command(cls=Entry)
@declared(ReportSettings)
def main(**values):
    """Put what the experiments found beside the study's published values: tables, figures, verdicts, one HTML page."""
    settings = read(ReportSettings, values)

    from unlearning.steps.report import report

    report(settings)


if __name__ == "__main__":
    main()
