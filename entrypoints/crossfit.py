from entrypoints.command import on_devices
from entrypoints.declared import entry
from unlearning.settings.training import CrossfitSettings


@entry(CrossfitSettings, asks=lambda settings: [settings.model], trains=on_devices)
def main(settings):
    """Train without each tenth of the faces in turn: the reference of all later requests for single faces.

    What is kept is one table: for every face the predictions of models that never saw it. A request to forget some of them is
    then judged without a retraining. A killed cross-fitting goes on where it was.
    """
    from unlearning.steps.crossfit import crossfit

    crossfit(settings)


if __name__ == "__main__":
    main()
