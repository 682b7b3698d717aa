"""What a user decides about a version's answers in bulk and elsewhere: the defaults of predict and export stand here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from unlearning.declared import setting
from unlearning.errors import InputError
from unlearning.registry.version import CHAMPION
from unlearning.steps.settings import model_name

ENDINGS = (".parquet", ".csv")
FORMATS = ("onnx",)


@dataclass(frozen=True)
class PredictSettings:
    """Ages of many pictures.

    Args:
        data: a folder of JPEG and PNG pictures, whatever they are called, also in sub-folders; or a list (CSV or parquet)
            with a column path, file, image or name of their file names.
        out: the table of ages to write, .parquet or .csv; one that is there is replaced when all ages are known.
        model: which version answers: an alias, a number or a model URI.
        name: registered model.
    """

    data: str = setting(kind="path")
    out: str = setting(kind="path")
    model: str = CHAMPION
    name: str = model_name()

    def __post_init__(self):
        out = Path(self.out)
        if out.suffix.lower() not in ENDINGS or out.is_dir():
            what = "is a folder" if out.is_dir() else "has another ending"
            raise InputError(f"out={self.out} {what}; give a file that ends in {' or '.join(ENDINGS)}, as -P out=ages.parquet")
        if out == Path(self.data):
            raise InputError(f"out={self.out} is the list that is read; give another file, as -P out=ages.parquet")


@dataclass(frozen=True)
class ExportSettings:
    """A version as a file for other programs.

    Args:
        format: of the file: {names}.
        out: the file to write; empty for NAME-NUMBER.onnx in the working directory.
        model: which version: an alias, a number or a model URI.
        name: registered model.
    """

    format: str = setting("onnx", kind="choice", choices=FORMATS)
    out: str = setting("", kind="path")
    model: str = CHAMPION
    name: str = model_name()

    def __post_init__(self):
        if self.out and (Path(self.out).is_dir() or Path(self.out).suffix.lower() != ".onnx"):
            raise InputError(f"out={self.out} does not end in .onnx, or is a folder; give a file, as -P out=age.onnx")
