from entrypoints.command import on_devices
from entrypoints.declared import entry
from unlearning.settings.training import RetrainSettings


@entry(RetrainSettings, asks=lambda settings: [settings.model], trains=on_devices)
def main(settings):
    """Train the reference: the original's recipe on everything but the forget set; alias retrained-SET."""
    from unlearning.steps.retrain import retrain

    retrain(settings)


if __name__ == "__main__":
    main()
