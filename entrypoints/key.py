import click

from entrypoints.command import Entry, option
from unlearning.settings.requests import KEY_FILE


@click.command(cls=Entry)
@option("path", KEY_FILE, "File of the new private key; the public one is written beside it, with .pub added.")
def main(**values):
    """Make a key that signs certificates; an existing one is never overwritten, and nothing of it is logged."""
    from pathlib import Path

    from unlearning.steps.key import key

    key(Path(values["path"]).expanduser().resolve())


if __name__ == "__main__":
    main()
