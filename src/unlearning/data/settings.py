"""What decides a data set: two runs with equal settings and equal files have the same digest."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class DataSettings:
    """Where the faces come from and how they are split.

    Args:
        data_dir: absolute path of a folder of UTKFace-named files; empty for drawn faces.
        drawn_faces: how many faces to draw when there is no folder.
        min_age: youngest age kept, in years, included.
        max_age: oldest age kept, in years, included.
        split_seed: seed of the 60/20/20 split (and of the drawing).
    """

    data_dir: str = ""
    drawn_faces: int = 480
    min_age: int = 20
    max_age: int = 60
    split_seed: int = 0

    def as_dict(self) -> dict:
        return asdict(self)
