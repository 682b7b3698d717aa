import click

from entrypoints.declared import entry
from unlearning.settings.serving import PredictSettings

TYPED = "age-unlearning predict FOLDER --out ages.parquet, or: mlflow run . -e predict -P data=FOLDER -P out=ages.parquet"


def _as_data(ctx: click.Context, param: click.Parameter, folder: str | None) -> None:
    """Let FOLDER stand for --data: click reads it after the options that were typed, and before it misses any other."""
    if folder and "data" in ctx.params:
        raise click.UsageError(f"FOLDER ({folder}) and --data ({ctx.params['data']}) are the same twice; type one: {TYPED}")
    if not folder and "data" not in ctx.params:
        raise click.UsageError(f"there is no FOLDER to predict; type: {TYPED}")
    ctx.default_map = {"data": folder}


@entry(PredictSettings, asks=lambda settings: [settings.model])
@click.argument("folder", required=False, expose_value=False, callback=_as_data)
def main(settings):
    """Predict the ages of a whole folder of pictures, or of a list, into one table; what cannot be read is told why.

    FOLDER, which may be a list, and --data FOLDER say the same: one of them has to be given. The table is written in parts
    beside it, so that the same command goes on where it was killed.
    """
    from unlearning.steps.predict import predict

    predict(settings)


if __name__ == "__main__":
    main()
