"""Lists of pictures: a file with one column of sample ids or file names, and the faces that it means."""

import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from pathlib import Path

import numpy as np
import pandas as pd

from unlearning.data.images import POINTER
from unlearning.errors import InputError

UTF_16 = (BOM_UTF16_LE, BOM_UTF16_BE)
HEADERS = ("id", "ids", "file", "files", "name", "names", "path", "sample", "sample_id")


def read_list(path: Path) -> list[str]:
    """The entries of a file with one column, without its heading; InputError when there is no such file or column."""
    try:
        content = path.expanduser().read_bytes()
        lines = content.decode("utf-16" if content.startswith(UTF_16) else "utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError, RuntimeError) as error:
        why = "it is not a text" if isinstance(error, UnicodeDecodeError) else getattr(error, "strerror", None) or str(error)
        raise InputError(f"the list {path} cannot be read: {why}; give one column of ids or file names") from error
    if content.startswith(POINTER):
        raise InputError(f"the list {path} is a Git LFS pointer in place of the list, which git lfs pull fetches")
    entries = [line.strip().strip('"') for line in lines if line.strip()]
    if entries and entries[0].lower() in HEADERS:
        entries = entries[1:]
    wide = [entry for entry in entries if re.search(r"[,;\t]", entry)]
    if wide or not entries:
        what = f"has more than one column: {wide[0]!r}" if wide else "is empty"
        raise InputError(f"the list {path} {what}; give one column of sample ids or file names")
    return entries


def ids_of(listed: list[str], manifest: pd.DataFrame, rejected: pd.DataFrame, source: str) -> tuple[set[str], list[str]]:
    """Ids of the faces that a list means, and sentences about those that no model was trained on.

    A picture that was left out as a copy of another means the one that was kept, an augmented copy the face it was made from.

    Args:
        listed: sample ids, paths (also with backslashes, as Windows writes them) or bare file names.
        manifest: faces and copies.
        rejected: files left out; columns file, id, near.
        source: what the list is called in errors.

    Raises:
        InputError: lists the entries that are neither ids nor names of this data, or names one that means two pictures.
    """
    faces = manifest[manifest.copy_of == ""]
    wanted = {*listed, *(entry.replace("\\", "/") for entry in listed)}
    names = pd.concat([faces[["id", "file", "near"]], rejected[["id", "file", "near"]]])
    bare = np.array([file.rsplit("/", 1)[-1] in wanted for file in names.file], dtype=bool)
    index = _index(names[names.id.isin(wanted) | names.file.isin(wanted) | bare])
    copies = manifest[(manifest.copy_of != "") & manifest.id.isin(wanted)]
    index |= {made: {(source, near)} for made, source, near in zip(copies.id, copies.copy_of, copies.near, strict=True)}
    listed = [entry if entry in index else entry.replace("\\", "/") for entry in listed]
    unknown = [entry for entry in listed if entry not in index]
    if unknown:
        raise InputError(
            f"{source} names {len(unknown)} of {len(listed)} that are neither sample ids nor file names of this data: "
            f"{', '.join(unknown[:5])}{' ...' if len(unknown) > 5 else ''}"
        )
    unclear = [entry for entry in listed if len(index[entry]) > 1]
    if unclear:
        raise InputError(f"{source} names {unclear[0]!r}, and two pictures are called so; give the path or the sample id")
    meant = pd.DataFrame([next(iter(index[entry])) for entry in listed], columns=["id", "near"]).drop_duplicates()
    return _kept(meant, faces)


def _index(names: pd.DataFrame) -> dict[str, set[tuple[str, str]]]:
    """(id, group of near-copies) by sample id, by path and by bare file name."""
    index: dict[str, set[tuple[str, str]]] = {}
    for identity, file, near in names.itertuples(index=False):
        picture = (identity or f"left out: {file}", near)
        for name in {identity, file, Path(file).name} - {""}:
            index.setdefault(name, set()).add(picture)
    return index


def _kept(meant: pd.DataFrame, faces: pd.DataFrame) -> tuple[set[str], list[str]]:
    kept = faces[faces.id.isin(meant.id) | faces.near.isin(meant.near[~meant.id.isin(faces.id)])]
    absent = (~meant.id.isin(faces.id) & ~meant.near.isin(faces.near)).sum()
    tested = (kept.split == "test").sum()
    notes = [f"{absent} of the listed pictures were left out of the data: no model was trained on them"] if absent else []
    notes += [f"{tested} of the listed pictures are test faces: no model was trained on them"] if tested else []
    return set(kept.id), notes
