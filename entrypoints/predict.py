"""Entry point ``predict``."""

from entrypoints.declared import entry
from unlearning.steps.serving_settings import PredictSettings


@entry(PredictSettings, asks=lambda settings: [settings.model])
def main(settings):
    """Predict the ages of a whole folder of pictures, or of a list, into one table; what cannot be read is told why.

    It is written in parts beside the table, so that the same command goes on where it was killed.
    """
    from unlearning.steps.predict import predict

    predict(settings)


if __name__ == "__main__":
    main()
