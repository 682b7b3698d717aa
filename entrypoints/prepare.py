import click

from entrypoints.command import Entry
from entrypoints.declared import declared, read
from unlearning.settings.training import DataSettings, ModelSpec, PrepareSettings


@click.command(cls=Entry)
@declared(DataSettings)
@declared(ModelSpec, "image_size")
@declared(PrepareSettings)
def main(**values):
    """Read or draw the faces, clean, split and augment them, and log the account of every file.

    In this order: files that cannot be used, contradictions, duplicates, reduction to fraction, ages, quality; then the
    split 60/20/20, then copies of training faces. manifest.csv holds every face and copy, rejected.csv every file left out
    with the reason, data_report.html the figures.
    """
    settings, reading = read(DataSettings, values), read(PrepareSettings, values)

    from unlearning.steps.prepare import prepare

    prepare(settings, values["image_size"], force=True, spread=reading.spread)


if __name__ == "__main__":
    main()
