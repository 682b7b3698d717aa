"""Entry point ``promote``."""

from entrypoints.declared import entry
from unlearning.steps.settings import PromoteSettings


@entry(PromoteSettings, asks=lambda settings: [settings.version])
def main(settings):
    """Check the gates and serve the version: Production, aliases champion, forgotten and forgotten-SET."""
    from unlearning.steps.promote import promote

    promote(settings)


if __name__ == "__main__":
    main()
