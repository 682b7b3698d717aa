from entrypoints.declared import entry
from unlearning.settings.forgetting import CompareSettings


@entry(CompareSettings, asks=lambda settings: settings.named)
def main(settings):
    """Put the audits of several versions side by side in one page."""
    from unlearning.steps.compare import compare

    compare(settings)


if __name__ == "__main__":
    main()
