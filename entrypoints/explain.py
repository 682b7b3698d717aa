from entrypoints.declared import entry
from unlearning.settings.forgetting import ExplainSettings


@entry(ExplainSettings, asks=lambda settings: settings.named)
def main(settings):
    """Show which parts of a face carry the age, in several versions.

    Mean maps of at least ten people, never one of a single person, beside those of retrained models, with shares by region
    and a measure of whether the maps tell the truth, as a page, as JSON and as a table.
    """
    from unlearning.steps.explain import explain

    explain(settings)


if __name__ == "__main__":
    main()
