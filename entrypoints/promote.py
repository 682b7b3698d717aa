from entrypoints.declared import entry
from unlearning.settings.forgetting import PromoteSettings


@entry(PromoteSettings, asks=lambda settings: [settings.version])
def main(settings):
    """Find out what a version has forgotten, check the gates and serve it: Production, champion; forgotten where shown."""
    from unlearning.steps.promote import promote

    promote(settings)


if __name__ == "__main__":
    main()
