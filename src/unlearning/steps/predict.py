"""predict: the ages of all pictures of a folder or a list by one version, in one table.

The table is made of parts, each of which is named by all that it follows from: the version, its weights, and the names, sizes
and times of its files. A part that is there is not made again, so that the same command goes on where it was killed; a part of
another folder or version is another part.
"""

import hashlib
import shutil
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import groupby, islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import torch
from filelock import FileLock, Timeout
from pyarrow import csv, parquet

from unlearning.data.cache import write_whole
from unlearning.data.pictures import list_pictures, read_pictures
from unlearning.data.sources import Entry, Listing
from unlearning.errors import InputError
from unlearning.finding import in_words
from unlearning.models.ensemble import Ensemble, weights_digest
from unlearning.naming import as_bytes, printable
from unlearning.processes import each_by
from unlearning.progress import say, track
from unlearning.registry.lookup import find_version
from unlearning.registry.version import Version
from unlearning.settings.serving import PredictSettings
from unlearning.targets import AGE, Target
from unlearning.tracking import runs
from unlearning.training.precision import make_fabric
from unlearning.versions.lineage import open_ensemble

PART = 512  # files a part: what a kill costs at most
AT_ONCE = 64  # pictures that are read by one process, and predicted at once
BYTES_AT_ONCE = 16_000_000  # of their pixels, where they are large: they travel from one process to another
TYPES = {"double": pa.float64(), "string": pa.string()}


class Few(NamedTuple):
    """Some files that are read at once, and the path of the part that they belong to."""

    part: Path
    names: list[str]


@dataclass(frozen=True)
class Model:
    """A version that predicts."""

    version: Version
    ensemble: Ensemble
    device: torch.device

    @property
    def called(self) -> str:
        """How the table calls it, as ``mlflow models serve`` does."""
        return f"{self.version.model}/{self.version.number}"

    @property
    def digest(self) -> str:
        """What its ages follow from."""
        weights = [weights_digest(member) for member in self.ensemble.members]
        told = repr([self.called, self.ensemble.spec, self.ensemble.aggregate, *weights])
        return hashlib.sha256(told.encode()).hexdigest()

    @property
    def target(self) -> Target:
        return self.ensemble.spec.target

    @property
    def schema(self) -> pa.Schema:
        """Of the table: the file, what is predicted of it, by whom, and why nothing is."""
        said = [(name, TYPES[kind]) for name, kind in self.target.columns.items()]
        return pa.schema([("file", pa.string()), *said, ("version", pa.string()), ("refused", pa.string())])

    def ages(self, pixels: np.ndarray) -> np.ndarray:
        """float64 years, or answers for another target, from uint8 pictures of shape (few, side, side, 3)."""
        images = torch.from_numpy(pixels).permute(0, 3, 1, 2).to(self.device)
        return self.ensemble.aggregate(self.ensemble.predict(images).double().cpu()).numpy()


def predict(settings: PredictSettings) -> Path:
    """Write one row for each file: file, age or another target, version, and why it is refused; returns the table's path.

    Raises:
        InputError: there is nothing to predict, the version cannot be used, or another process writes the same table.
    """
    version, data, out = find_version(settings.name, settings.model), Path(settings.data), Path(settings.out)
    parts = out.with_name(f".{out.name}.parts")
    with runs.run_if_launched("predict", f"predict {version.label}"), ExitStack() as files:
        listing = files.enter_context(list_pictures(data, partial(_is_own, data, out, parts)))
        files.enter_context(_held(parts, out))
        model = _opened(version)
        paths = _predict_all(listing, model, parts)
        refused = _join(paths, parts / out.name, model)
        (parts / out.name).replace(out)
        shutil.rmtree(parts)
        if runs.launched():
            runs.set_tags({"version": model.called})
            runs.log_numbers({"files": listing.count, "refused": refused})
    what, done = "ages" if model.target == AGE else model.target.name, listing.count - refused
    told = f"{printable(str(out))} has the {what} of {done:,} of {listing.count:,} files by {version.label}"
    say(f"predict: {told}" + f"; {refused:,} were refused, and the column refused says why" * bool(refused))
    say(f"predict: what {version.label} was shown to have forgotten: {in_words(version.tags)}")
    return out


def _is_own(data: Path, out: Path, parts: Path, name: str) -> bool:
    """Is a file below ``data`` the table, or a part of it?"""
    path = data / name
    return path == out or path.parent == parts


@contextmanager
def _held(parts: Path, out: Path) -> Iterator[None]:
    """The folder of the parts, for this process alone."""
    parts.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(parts / "lock", blocking=False):
            yield
    except Timeout:
        raise InputError(f"another process is writing {printable(str(out))}; wait for it, or give another -P out=") from None


def _opened(version: Version) -> Model:
    ensemble, device = open_ensemble(version), make_fabric("32-true").device
    for member in ensemble.members:
        member.to(device)
    return Model(version, ensemble, device)


def _predict_all(listing: Listing, model: Model, parts: Path) -> list[Path]:
    """Make the parts that are missing; returns the paths of all, in order."""
    side, digest = model.ensemble.spec.image_size, model.digest
    paths = [_path(parts, digest, listing.root, at, few) for at, few in enumerate(_batched(listing.entries(), PART))]
    missing = {path for path in paths if not path.exists()}
    if len(missing) < len(paths):
        say(f"predict: {len(paths) - len(missing):,} of {len(paths):,} parts were made before, and stay")
    at_once = max(1, min(AT_ONCE, BYTES_AT_ONCE // (3 * side * side)))
    count = len(missing) * -(-min(PART, listing.count) // at_once)
    with each_by(count) as each:
        read = each(partial(_read, listing.root, side), track(_few(listing, paths, missing, at_once), count, "predicting"))
        for path, group in groupby(read, key=lambda one: one[0].part):
            write_whole(path, partial(_write, [_table(model, *one) for one in group]))
    return paths


def _batched(items: Iterable, most: int) -> Iterator[tuple]:
    items = iter(items)
    return iter(lambda: tuple(islice(items, most)), ())


def _path(parts: Path, digest: str, root: Path, at: int, entries: tuple[Entry, ...]) -> Path:
    made_of = hashlib.sha256(f"{digest} {at} ".encode() + as_bytes(str(root)))
    for entry in entries:
        made_of.update(as_bytes(f"\0{entry.name}\0{entry.stamp}"))
    return parts / f"{made_of.hexdigest()}.parquet"


def _few(listing: Listing, paths: list[Path], missing: set[Path], at_once: int) -> Iterator[Few]:
    for path, entries in zip(paths, _batched(listing.entries(), PART), strict=True):
        if path in missing:
            yield from (Few(path, [entry.name for entry in few]) for few in _batched(entries, at_once))


def _read(root: Path, side: int, few: Few) -> tuple[Few, np.ndarray, list[str]]:
    return few, *read_pictures(root, side, few.names)


def _table(model: Model, few: Few, pixels: np.ndarray, reasons: list[str]) -> pa.Table:
    said = model.target.served(model.ages(pixels)) if len(pixels) else dict.fromkeys(model.target.columns, ())
    told = [_filled(list(answers), reasons) for answers in said.values()]
    columns = [list(map(printable, few.names)), *told, [model.called] * len(reasons), reasons]
    return pa.table(dict(zip(model.schema.names, columns, strict=True)), schema=model.schema)


def _filled(answers: list, reasons: list[str]) -> list:
    """One answer a file, nothing where it was refused."""
    left = iter(answers)
    return [None if reason else next(left) for reason in reasons]


def _write(tables: list[pa.Table], path: Path) -> None:
    with path.open("wb") as file:  # pyarrow itself opens no path that is not UTF-8
        parquet.write_table(pa.concat_tables(tables), file)


def _join(paths: list[Path], whole: Path, model: Model) -> int:
    """Write all parts into one table, a part at a time; returns how many files were refused."""
    refused = 0
    with whole.open("wb") as file, _writer(file, whole.suffix.lower(), model) as writer:
        for path in paths:
            with path.open("rb") as opened:
                part = parquet.read_table(opened)
            refused += part[model.target.name].null_count
            writer.write_table(part)
    return refused


def _writer(file, ending: str, model: Model):
    if ending == ".csv":
        return csv.CSVWriter(file, model.schema)
    told = {"version": model.called, "verdict": in_words(model.version.tags)}
    return parquet.ParquetWriter(file, model.schema.with_metadata(told))
