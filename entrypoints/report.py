from entrypoints.declared import entry
from unlearning.settings.experiments import ReportSettings


@entry(ReportSettings)
def main(settings):
    """Put what the experiments found beside the study's published values: tables, figures, verdicts, one HTML page."""
    from unlearning.steps.report import report

    report(settings)


if __name__ == "__main__":
    main()
