"""What is done with a photograph that somebody brings: it is looked for in the data, or shown to two versions, and not kept."""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd

from unlearning.data.images import decode
from unlearning.data.photograph import SAME, Match, matches
from unlearning.errors import InputError
from unlearning.finding import in_words
from unlearning.registry import lookup
from unlearning.registry.version import CHAMPION, GONE, ORIGINAL, Version
from unlearning.server.limits import Limits
from unlearning.server.loaded import Loaded
from unlearning.server.numbers import Numbers
from unlearning.serving.age_model import Refusal
from unlearning.versions.data import account_of, data_of

ONE = Limits(batch=1)


def search(version: Version, photograph: bytes) -> tuple[list[Match], pd.DataFrame, np.ndarray | None]:
    """The faces of a version's data that show a photograph, all faces, and their pixels where they lie on this machine.

    Without the pixels only the very same file is found, by its hash.
    """
    side = int(version.require_number("image_size"))
    asked, pixels = decode(photograph, side), None
    try:
        data = data_of(version, side)
        manifest, pixels = data.manifest, data.pixels  # whose rows are those of the folder as it is now
    except InputError:
        manifest, _ = account_of(version.tag("data_run"))
    faces = manifest[manifest.copy_of == ""].reset_index(drop=True)
    if pixels is None:
        own = hashlib.sha256(photograph).hexdigest()[:32]
        return [Match(place, SAME) for place in np.flatnonzero(faces.id == own)], faces, None
    return matches(asked, pixels, faces.row.to_numpy()), faces, pixels


def ages(model: str, picture: bytes) -> list[tuple[str, str, str]]:
    """What the original and the champion say of a picture: name, answer, and what was found out about the version.

    Both are opened for this picture and forgotten with it, so that no page keeps a version in memory that a purge erases.
    """
    told = []
    for alias in (ORIGINAL, CHAMPION):
        version = lookup.find_or_none(model, alias)
        if version is None or version.tag("state") in GONE:
            continue
        opened = Loaded(version, ONE, Numbers())
        try:
            told.append((f"{alias}, {version.label}", opened.in_words(picture), in_words(version.tags)))
        except Refusal as error:
            raise InputError(error.sentence) from None
        finally:
            opened.forget()
    return told
