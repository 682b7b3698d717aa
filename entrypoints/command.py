"""How every entry point meets its user: typed options, help that teaches, and errors in one sentence."""

import math
import os
import sys
from collections.abc import Iterable
from functools import wraps
from types import ModuleType

import click

from unlearning.commands import as_typed
from unlearning.errors import InputError
from unlearning.faults import REPORT, first_line, in_words
from unlearning.naming import check_model_name, printable
from unlearning.secrets import holds_key, without_secrets
from unlearning.tracking import temporary

# click has words for these, and none for a reader of our output who has left.
CLICKS_OWN = (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError)


class Spoken:
    """What a command and a group of commands have in common: their words go through this project's hands."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            _refuse_keys(args)
            return super().parse_args(ctx, args)
        except click.exceptions.NoArgsIsHelpError:
            raise
        except click.UsageError as error:
            sentence = without_secrets(error.format_message())
            _tag_failure(sentence)
            raise click.UsageError(sentence, ctx) from None

    def main(self, *args, **more):
        """A path that is no text, or a letter that the terminal lacks, is printed as an escape, here and in processes begun."""
        os.environ.setdefault("PYTHONIOENCODING", ":backslashreplace")
        for stream in (sys.stdout, sys.stderr):
            stream.reconfigure(errors="backslashreplace")
        return super().main(*args, **more)


class Entry(Spoken, click.Command):
    """A command whose bad input ends in a sentence, an exit status and a tag on the run.

    So does whatever the system, the store or a library refuses. A traceback is left for what nobody foresaw, under one line
    that says so.
    """

    def invoke(self, ctx: click.Context):
        try:
            with temporary.private():
                if "mlflow" in sys.modules:  # another command of this process, which has loaded it, or a caller in Python
                    _addresses().forget()
                done = super().invoke(ctx)
                if "mlflow" in sys.modules:
                    _addresses().tell()
                elif os.environ.get("MLFLOW_RUN_ID"):
                    from unlearning.tracking.reasons import tag_look

                    tag_look()
                return done
        except Exception as error:
            if isinstance(error, CLICKS_OWN):
                raise
            sentence = without_secrets(_in_words(error))
            _tag_failure(sentence or f"{type(error).__name__}: {without_secrets(first_line(error))}")
            if "mlflow" in sys.modules:
                _addresses().tell(failed=True)
            if sentence:
                raise click.ClickException(as_typed(sentence)) from error
            click.echo(REPORT, err=True)
            raise


def _addresses() -> ModuleType:
    """Only what has loaded MLflow needs it."""
    from unlearning.tracking import addresses

    return addresses


def _in_words(error: Exception) -> str:
    """Who has MLflow at hand knows more: which store it is."""
    if "mlflow" not in sys.modules:
        return in_words(error)
    from unlearning.tracking import answers

    return answers.in_words(error)


def _refuse_keys(args: list[str]) -> None:
    """No option takes a private key: ``mlflow run`` logs every value, and the machine shows it to all its users."""
    if not any(holds_key(word) for word in args):
        return
    said = "it was not logged"
    if os.environ.get("MLFLOW_RUN_ID"):
        from unlearning.tracking.blotting import blot_out

        said = blot_out()
    raise click.UsageError(
        f"no option takes a private key, and one was given: {said}. Take it for known to others, make another with make key, "
        f"and give the path of its file, or the key itself in UNLEARNING_SIGNING_KEY alone"
    )


def _tag_failure(reason: str) -> None:
    if os.environ.get("MLFLOW_RUN_ID"):
        from unlearning.tracking.reasons import tag_failure

        tag_failure(reason)


class Maybe(click.ParamType):
    """A number, or nothing: an empty text, which is how an MLproject says that a parameter is not given."""

    def __init__(self, kind: type, legal: str):
        self.kind, self.name, self.legal = kind, kind.__name__, legal

    def convert(self, value, param, ctx):
        if value is None or value == "":
            return None
        try:
            return self.kind(value)
        except ValueError:
            self.fail(f"{value!r} is not {self.legal}", param, ctx)


class Positive(click.ParamType):
    """A finite number above 0, or nothing where the default is nothing."""

    name = "float"

    def convert(self, value, param, ctx):
        if value == param.default == "":
            return None
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not 0 < number < math.inf:
            self.fail(f"{value!r} is not a number above 0", param, ctx)
        return number


class Words(click.ParamType):
    """Words for people to read, also where the locale knows no UTF-8."""

    name = "text"

    def convert(self, value, param, ctx):
        return printable(value)


class ModelName(click.ParamType):
    """A name that a registered model can have; any other is refused before there is any work to lose."""

    name = "text"

    def convert(self, value, param, ctx):
        try:
            check_model_name(value)
        except InputError as error:
            self.fail(str(error), param, ctx)
        return value


def options(*chosen):
    """Several options as one decorator, in the order in which they are listed by --help."""

    def decorate(function):
        for option in reversed(chosen):
            function = option(function)
        return function

    return decorate


def option(name: str, default, help: str, kind=None, words: Iterable[str] = ()):
    """An option called as the MLproject's parameter is, underscores included; ``words`` are what a shell completes."""
    shown = default not in ("", None)
    more = {"shell_complete": lambda ctx, param, typed: [word for word in words if word.startswith(typed)]} if words else {}
    return click.option(f"--{name}", name, default=default, show_default=shown, help=help, type=kind, **more)


def _going_on(name: str, default: object, kind: object, help: str):
    """An option that is handed on to this process and all that it begins, on this machine or on a cluster."""
    variable = f"UNLEARNING_{name.upper()}"

    def hand_on(ctx: click.Context, param: click.Parameter, value: object) -> None:
        if value != param.default or variable not in os.environ:
            os.environ[variable] = str(value).lower()

    more = {"default": default, "show_default": True, "help": help, "type": kind}
    return click.option(f"--{name}", name, expose_value=False, callback=hand_on, **more)


RESUME = "Go on with the same work where it was killed, in its run; false begins anew."
PLACE = "Where checkpoints lie: in this machine's cache, or also in the artifact store, so that another machine can go on."
MINUTES = "Least minutes between two checkpoints inside an epoch; there is one after every epoch."
NODES = "Machines; each runs the same command, as torchrun or SLURM start it."
STRATEGIES = ("auto", "ddp", "ddp_find_unused_parameters_true")
STRATEGY = "Lightning Fabric's way to train one network on several devices; auto is ddp."
SYNC = "Take batch norms over the whole batch, and not over each device's share of it; needs GPUs."
resumable = options(
    _going_on("resume", True, bool, RESUME),
    _going_on("checkpoints", "cache", click.Choice(["cache", "artifacts"]), PLACE),
    _going_on("checkpoint_minutes", 10.0, click.FloatRange(0), MINUTES),
)


DEVICE_OPTIONS = options(
    _going_on("devices", 1, click.IntRange(1), "GPUs of each machine, or processes where it has none."),
    _going_on("nodes", 1, click.IntRange(1), NODES),
    _going_on("strategy", "auto", click.Choice(STRATEGIES), STRATEGY),
    _going_on("sync_batchnorm", False, bool, SYNC),
)


def on_devices(function):
    """A training that goes on where it was killed, on several devices or machines: only the first process does the rest."""

    @resumable
    @DEVICE_OPTIONS
    @wraps(function)
    def act(**values):
        if {os.environ["UNLEARNING_DEVICES"], os.environ["UNLEARNING_NODES"]} == {"1"}:
            return function(**values)
        from unlearning.training.group import together

        with together() as first:
            return function(**values) if first else None

    return act
