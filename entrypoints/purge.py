"""Entry point ``purge``."""

from entrypoints.declared import entry
from unlearning.settings.registry import PurgeSettings


@entry(PurgeSettings, asks=lambda settings: [settings.version])
def main(settings):
    """Delete for good what still remembers: a version's model, predictions and checkpoints, and cached pixels.

    A tombstone stays: the version's entry, its run and all numbers. The champion is never purged.
    A bucket with versioning keeps old versions of what was deleted: docs/scale.md, Artifacts in S3, says how to erase them.
    """
    from unlearning.steps.purge import purge

    purge(settings)


if __name__ == "__main__":
    main()
