"""What decides a data set: two runs with equal settings and equal files have the same digest."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from unlearning.data.ages import parse_ranges
from unlearning.errors import InputError
from unlearning.records import read_record

GROUPS = ("20-28", "28-36", "36-44", "44-52", "52-60")
DUPLICATES = ("keep_one", "leave_out")
NEAR_DUPLICATES = ("together", "keep_one")
CONTRADICTIONS = ("leave_out", "keep_one")
STRATIFY = ("none", "age")

MANIFEST = "manifest:"


@dataclass(frozen=True)
class DataSettings:
    """Where the faces come from, which are kept, and how they are split.

    Args:
        data_dir: absolute path of a folder of UTKFace-named files, or of a table; empty for drawn faces.
        drawn_faces: how many faces to draw when there is no ``data_dir``.
        fraction: share of the faces that is kept, above 0 up to 1; every age keeps its share (the study: .3).
        min_age: youngest age kept, in years, included.
        max_age: oldest age kept, in years, included.
        split_seed: seed of the reduction, the split and the copies (and of the drawing).
        stratify: ``none`` splits at random; ``age`` gives every part the same ages.
        augment_to: training faces of every age after augmentation (the study: 150); 0 makes no copies.
        min_sharpness: smallest variance of the Laplacian, in squared grey levels.
        min_brightness: smallest mean grey level, 0 to 255.
        max_brightness: largest mean grey level, 0 to 255.
        min_contrast: smallest standard deviation of the grey levels.
        min_side: shortest side of a picture file, in pixels.
        max_saturated: largest share of black or white pixels, 0 to 1.
        duplicates: of files with one picture keep the first by name, or leave all of them out.
        near_duplicates: keep near-copies together in one part, or keep only the first of them.
        contradictions: leave out pictures that stand under different ages, or keep the first of them.
        accept_rejects: go on although more than half of the files cannot be used.
        confuse: two ranges of ages whose training faces get ages of each other, as ``20-28,52-60``; empty for none.
        confuse_fraction: share of the training faces of either range that do, above 0 up to 1.
        inject: a range of ages whose training faces carry a patch and are moved in age, as ``20-28``; empty for none.
        inject_fraction: share of the training faces of the range that do, above 0 up to 1.
        inject_years: years added to the ages of faces with the patch.
    """

    data_dir: str = ""
    drawn_faces: int = 480
    fraction: float = 1.0
    min_age: int = 20
    max_age: int = 60
    split_seed: int = 0
    stratify: str = "none"
    augment_to: int = 0
    min_sharpness: float = 15.0
    min_brightness: float = 30.0
    max_brightness: float = 230.0
    min_contrast: float = 15.0
    min_side: int = 48
    max_saturated: float = 0.5
    duplicates: str = "keep_one"
    near_duplicates: str = "together"
    contradictions: str = "leave_out"
    accept_rejects: bool = False
    confuse: str = ""
    confuse_fraction: float = 0.3
    inject: str = ""
    inject_fraction: float = 1.0
    inject_years: int = 10

    def __post_init__(self):
        if not 0 < self.fraction <= 1:
            raise InputError(f"fraction={self.fraction} is not possible; legal: above 0, up to 1")
        if self.min_age >= self.max_age:
            raise InputError(f"min_age={self.min_age} is not below max_age={self.max_age}")
        if self.min_brightness >= self.max_brightness:
            raise InputError(f"min_brightness={self.min_brightness} is not below max_brightness={self.max_brightness}")
        for name, legal in (
            ("duplicates", DUPLICATES),
            ("near_duplicates", NEAR_DUPLICATES),
            ("contradictions", CONTRADICTIONS),
            ("stratify", STRATIFY),
        ):
            if getattr(self, name) not in legal:
                raise InputError(f"{name}={getattr(self, name)!r} is not known; legal: {', '.join(legal)}")
        if self.confuse or self.inject:
            self._check_signal()

    def _check_signal(self) -> None:
        if self.confuse and self.inject:
            raise InputError("confuse and inject cannot be planted in the same data; give one of them")
        parse_ranges(self.confuse or self.inject, 2 if self.confuse else 1)

    def as_dict(self) -> dict:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict) -> DataSettings:
        """Read what ``as_dict`` wrote; raises as ``read_record`` does."""
        return read_record(cls, values)
