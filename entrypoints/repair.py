from entrypoints.declared import entry
from unlearning.settings.registry import RepairSettings


@entry(RepairSettings)
def main(settings):
    """Make stages, aliases and tags say one thing again after a hand edit, a crash or a damaged journal.

    What is wrong is told by status with check=true. Everything found and done is recorded in the journal.
    """
    from unlearning.steps.repair import repair

    repair(settings)


if __name__ == "__main__":
    main()
