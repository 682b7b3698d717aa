from entrypoints.command import resumable
from entrypoints.declared import entry
from unlearning.settings.forgetting import TuneSettings


@entry(TuneSettings, asks=lambda settings: [settings.model or "champion"], trains=resumable)
def main(settings):
    """Search a method's settings on validation faces, and register what the best ones make as a candidate.

    Every trial is a nested run. The test set is out of reach: it is not even predicted. The ranges searched stand on the
    method's card: mlflow run . -e methods -P method=NAME.
    """
    from unlearning.steps.tune import tune

    tune(settings)


if __name__ == "__main__":
    main()
