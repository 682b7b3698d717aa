from entrypoints.declared import entry
from unlearning.settings.registry import RollbackSettings


@entry(RollbackSettings, asks=lambda settings: [settings.to])
def main(settings):
    """Serve an earlier version again, one that was made to forget at least as much as the champion.

    Going back to one that remembers needs allow_regain=true, and is recorded on the versions, the run and the journal.
    """
    from unlearning.steps.rollback import rollback

    rollback(settings)


if __name__ == "__main__":
    main()
