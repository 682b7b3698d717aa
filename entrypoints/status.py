from entrypoints.declared import entry
from unlearning.settings.registry import StatusSettings


@entry(StatusSettings)
def main(settings):
    """Show every version: its role, stage and aliases, what it was made to forget, and what was shown."""
    from unlearning.steps.status import show

    show(settings)


if __name__ == "__main__":
    main()
