"""Entry point ``prepare``."""

import click

from entrypoints.command import Entry
from entrypoints.options import data_options, data_settings, image_size_option


@click.command(cls=Entry)
@data_options
@image_size_option
def main(**values):
    """Read or draw the faces, split them 60/20/20, cache their pixels, and log the manifest and what was left out."""
    from unlearning.steps.prepare import prepare

    prepare(data_settings(values), values["image_size"], force=True)


if __name__ == "__main__":
    main()
