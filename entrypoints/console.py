"""The console command ``age-unlearning``: every entry point as a sub-command, without a run of MLflow's around it."""

import ast
import importlib
import inspect
from pathlib import Path

import click

from entrypoints.command import Spoken
from unlearning.naming import did_you_mean

AUDIENCES = {
    "Engineers": (
        *("main", "prepare", "train", "retrain", "crossfit", "unlearn", "methods", "tune", "evaluate", "compare"),
        *("explain", "experiment", "report"),
    ),
    "Operators": ("status", "serve", "promote", "rollback", "repair", "predict", "export"),
    "Data-protection officers": ("web", "request", "process", "certify", "verify", "purge", "key"),
}


class EntryPoints(Spoken, click.Group):
    """The entry points, of which only the one that is asked for is imported."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for names in AUDIENCES.values() for name in names]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        return importlib.import_module(f"entrypoints.{cmd_name}").main

    def resolve_command(self, ctx: click.Context, args: list[str]):
        names = self.list_commands(ctx)
        if args[0] not in names and not args[0].startswith("-"):
            guess = did_you_mean(args[0], names)
            ctx.fail(f"{args[0]!r} is no command{guess}; legal: {', '.join(names)}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for audience, names in AUDIENCES.items():
            with formatter.section(audience):
                formatter.write_dl([(name, first_sentence(name)) for name in names])


def first_sentence(name: str) -> str:
    """What an entry point does, read from its source, because to import them all takes a second."""
    source = Path(__file__).with_name(f"{name}.py").read_text(encoding="utf-8")
    function = next(node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef) and node.name == "main")
    return inspect.cleandoc(ast.get_docstring(function)).splitlines()[0]


@click.command(cls=EntryPoints, context_settings={"help_option_names": ["--help"]})
@click.version_option(package_name="age-unlearning")
def main():
    """Make a face-age model forget on request, and keep the evidence.

    What each command takes is told by age-unlearning COMMAND --help. Runs and models are kept in the store that
    MLFLOW_TRACKING_URI names, or else in mlflow.db of the working directory.
    """


if __name__ == "__main__":
    main()
