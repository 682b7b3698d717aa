"""What decides a data set: two runs with equal settings and equal files have the same digest."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, fields
from typing import Any

from unlearning.data.ages import parse_ranges
from unlearning.data.labels import CODES
from unlearning.declared import setting
from unlearning.errors import InputError
from unlearning.records import read_record
from unlearning.targets import AGE, TARGETS, Classes, Numeric, Target

GROUPS = ("20-28", "28-36", "36-44", "44-52", "52-60")
STRATIFY = ("none", "age")
TASKS = ("", *(kind for kind in TARGETS if kind != AGE.kind))
NAME = re.compile(r"[a-zA-Z]\w{0,39}")
# Columns with a meaning of their own, in the table of faces or in what is made of it.
TAKEN = ("path", "subject", "label", "id", "split", "version", "verdict", "file", "refused", "faces", "mae", "mean_error")
LARGEST = 1e12  # of a range
FINEST = 1e4  # a range is no narrower than its largest number by this: networks have seven digits
LONGEST_UNIT = 40
BETWEEN = re.compile(r"(-?\d+(?:\.\d+)?)-(-?\d+(?:\.\d+)?)")

LATER = ("split", "target", "task", "unit", "range")  # settings that earlier releases had not
MANIFEST = "manifest:"


@dataclass(frozen=True)
class DataSettings:
    """Where the faces come from, which are kept, and how they are split.

    Args:
        data_dir: folder of UTKFace-named pictures, or a table (.csv, .tsv, .parquet) with the columns path and age (and
            gender, race, subject); empty draws faces instead.
        target: what is predicted: age, gender or race, or another column of the table.
        task: what kind of target such a column is, {names}; empty for classes of gender and race, else numeric.
        unit: of a numeric target, in words and in the plural, as months.
        range: smallest and largest number of a numeric target, as 0-228.
        drawn_faces: how many faces to draw when there is no data_dir.
        min_age: youngest age kept, in years.
        max_age: oldest age kept, in years.
        split_seed: seed of the reduction, the split, the copies and the drawing.
        fraction: share of the faces to keep, of every age alike (the study: 0.3).
        stratify: none: split at random; age: every part gets the same ages, or labels of another target.
        split: random: every five faces are dealt three, one and one; hash: the id decides, so that faces which are added move
            no other to another part.
        augment_to: bring every training age up to this many faces by copies (the study: 150); 0 makes none.
        min_sharpness: smallest variance of the Laplacian, in squared grey levels.
        min_brightness: smallest mean grey level, 0 to 255.
        max_brightness: largest mean grey level, 0 to 255.
        min_contrast: smallest standard deviation of the grey levels.
        min_side: shortest side of a picture, in pixels.
        max_saturated: largest share of black or white pixels, 0 to 1.
        duplicates: files that show the same picture: {names}.
        near_duplicates: near-copies: {names} (together: on one side of every split).
        contradictions: one picture under different ages: {names}.
        accept_rejects: go on although more than half of the files cannot be used.
        confuse: plant a signal: training faces of two ranges swap ages, for example 20-28,52-60; forget
            signal:confused.
        confuse_fraction: share of the training faces of either range that swap.
        inject: plant a signal: training faces of a range carry a patch and are made older, for example 20-28; forget
            signal:injected.
        inject_fraction: share of the training faces of the range that do.
        inject_years: years added to the ages of the faces with the patch.
    """

    data_dir: str = setting("", kind="path")
    target: str = AGE.name
    task: str = setting("", choices=TASKS)
    unit: str = ""
    range: str = ""
    drawn_faces: int = setting(480, least=20)
    min_age: int = setting(20, least=0, most=120)
    max_age: int = setting(60, least=0, most=120)
    split_seed: int = setting(0, least=0, most=2**32 - 1)
    fraction: float = 1.0
    stratify: str = setting("none", choices=STRATIFY)
    split: str = setting("random", choices=("random", "hash"))
    augment_to: int = setting(0, least=0)
    min_sharpness: float = 15.0
    min_brightness: float = 30.0
    max_brightness: float = 230.0
    min_contrast: float = 15.0
    min_side: int = setting(48, least=0)
    max_saturated: float = 0.5
    duplicates: str = setting("keep_one", choices=("keep_one", "leave_out"))
    near_duplicates: str = setting("together", choices=("together", "keep_one"))
    contradictions: str = setting("leave_out", choices=("leave_out", "keep_one"))
    accept_rejects: bool = False
    confuse: str = ""
    confuse_fraction: float = 0.3
    inject: str = ""
    inject_fraction: float = 1.0
    inject_years: int = 10

    def __post_init__(self) -> None:
        if not 0 < self.fraction <= 1:
            raise InputError(f"fraction={self.fraction} is not possible; legal: above 0, up to 1")
        if self.min_age >= self.max_age:
            raise InputError(f"min_age={self.min_age} is not below max_age={self.max_age}")
        if self.min_brightness >= self.max_brightness:
            raise InputError(f"min_brightness={self.min_brightness} is not below max_brightness={self.max_brightness}")
        for one in fields(self):
            legal = one.metadata.get("choices")
            if legal and getattr(self, one.name) not in legal:
                raise InputError(f"{one.name}={getattr(self, one.name)!r} is not known; legal: {', '.join(legal)}")
        if self.split == "hash" and self.stratify != "none":
            raise InputError(f"split=hash looks at no ages, so stratify={self.stratify} cannot be kept; give one of them")
        if self.confuse and self.inject:
            raise InputError("confuse and inject cannot be planted in the same data; give one of them")
        if self.confuse:
            parse_ranges(self.confuse, 2)
        if self.inject:
            parse_ranges(self.inject, 1)
        if self.predicts != AGE and (self.confuse or self.inject):
            raise InputError(f"signals are planted in ages, and target={self.target} is none; leave confuse and inject out")
        if self.target != AGE.name and self.target not in CODES and not self.data_dir:
            raise InputError(f"drawn faces have no {self.target}; give a table with that column, as -P data_dir=faces.csv")

    @property
    def predicts(self) -> Target:
        """What is predicted, as far as it is known without the data: classes are learned there."""
        given = [name for name in ("task", "unit", "range") if getattr(self, name)]
        if self.target == AGE.name and given:
            raise InputError(f"target=age is in years, so {' and '.join(given)} cannot be given; call the column otherwise")
        if not NAME.fullmatch(self.target) or self.target.lower() in TAKEN:
            raise InputError(
                f"target={self.target!r} is no column to predict; legal: letters, digits and _, as bone_age, and none of "
                f"{', '.join(TAKEN)}"
            )
        if self.target.lower() in (AGE.name, *CODES) and self.target != self.target.lower():
            raise InputError(f"target={self.target!r} is written otherwise; give target={self.target.lower()}")
        if not self.unit.isprintable() or self.unit != self.unit.strip() or len(self.unit) > LONGEST_UNIT:
            raise InputError(f"unit={self.unit!r} is no unit; legal: a word on one line, in the plural, as months")
        if self.target == AGE.name:
            return AGE
        task = self.task or (Classes.kind if self.target in CODES else Numeric.kind)
        if self.target in CODES and task != Classes.kind:
            raise InputError(f"target={self.target} has classes, not task={task}; leave task out")
        return TARGETS[task].of(self.target, self.unit, self._bounds())

    def _bounds(self) -> tuple[float, float] | None:
        if not self.range:
            return None
        found = BETWEEN.fullmatch(self.range.replace(" ", ""))
        low, high = (float(found[1]), float(found[2])) if found else (0.0, 0.0)
        if not -LARGEST <= low < high <= LARGEST:
            raise InputError(
                f"range={self.range!r} cannot be read; legal: a lower and a higher number up to {LARGEST:g}, as 0-228 or -20-40"
            )
        if high - low < max(-low, high) / FINEST:
            raise InputError(
                f"range={self.range!r} is too narrow for numbers of this size, of which networks have seven digits; take the "
                f"column less {low:g}, and the range 0-{high - low:g}"
            )
        return low, high

    def as_dict(self) -> dict[str, Any]:
        """All settings; later ones only where they are not the default, so that what was made before keeps its fingerprint."""
        usual = {one.name: one.default for one in fields(self) if one.name in LATER}
        return {name: value for name, value in asdict(self).items() if name not in usual or value != usual[name]}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> DataSettings:
        """Read what ``as_dict`` wrote; raises as ``read_record`` does."""
        return read_record(cls, values)
