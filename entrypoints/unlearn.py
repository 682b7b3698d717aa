from entrypoints.command import on_devices
from entrypoints.declared import entry
from unlearning.settings.forgetting import UnlearnSettings


@entry(UnlearnSettings, asks=lambda settings: [settings.model or "champion"], trains=on_devices)
def main(settings):
    """Make a registered version forget, measure it against the retrained reference, and register what comes out.

    Every version gets the alias METHOD-SET-eEPOCHS and waits in Staging until it is promoted.
    """
    from unlearning.steps.unlearn import unlearn

    unlearn(settings)


if __name__ == "__main__":
    main()
