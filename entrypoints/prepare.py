"""Entry point ``prepare``."""

import click

from entrypoints.command import Entry, option
from entrypoints.options import data_options, data_settings, image_size_option


@click.command(cls=Entry)
@data_options
@image_size_option
@option("force", False, "Log the manifest again, even when nothing has changed.", bool)
def main(**values):
    """Read or draw the faces, split them 60/20/20, cache their pixels, and log the manifest and what was left out."""
    from unlearning.steps.prepare import prepare
    from unlearning.tracking.store import prepare_store

    settings = data_settings(values)
    prepare_store()
    prepare(settings, values["image_size"], values["force"])


if __name__ == "__main__":
    main()
