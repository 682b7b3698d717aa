from entrypoints.declared import ask_registry, entry
from unlearning.settings.registry import PurgeSettings


@entry(PurgeSettings)
def main(settings):
    """Delete for good what still remembers: a version's model, predictions and checkpoints, and cached pixels.

    A tombstone stays: the version's entry, its run and all numbers. The champion is never purged.
    A bucket with versioning keeps old versions of what was deleted: docs/scale.md, Artifacts in S3, says how to erase them.
    """
    ask_registry(settings.name, settings.version, purged=True)
    from unlearning.steps.purge import purge

    purge(settings)


if __name__ == "__main__":
    main()
