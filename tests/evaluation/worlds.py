"""A world of drawn prediction tables, where it is known who was trained on and what retraining would have given.

Every face has a difficulty that all models share, and every model its own noise. A model errs less on a face that it was
trained on, and moves ages that it has never seen towards those that it has.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from forgetting import forget_set
from unlearning.data.forget import ForgetSet
from unlearning.evaluation.case import Case

SPLITS = ("train", "validation", "test")
SHARES = (0.6, 0.2, 0.2)
DIFFICULTY, NOISE = 5.0, 2.0
REMEMBERED = 0.5
PULL = 8.0


@dataclass(frozen=True)
class World:
    """Faces, and who among them is to be forgotten.

    Args:
        faces: columns id, split, age, difficulty, gender, copy_of.
        forget: the forget set.
        pulled: are ages of the forget set unknown to a model without it?
    """

    faces: pd.DataFrame
    forget: ForgetSet
    pulled: bool

    def model(self, knows_forgotten: bool, seed: int, members: int = 1) -> pd.DataFrame:
        """The prediction table of a model with a seed of its own for every member."""
        columns = [self._predict(knows_forgotten, seed * 100 + member) for member in range(members)]
        named = {f"member_{member}": column for member, column in enumerate(columns)}
        return self.faces[["id", "split", "age"]].assign(predicted=np.mean(columns, axis=0), **named)

    def _predict(self, knows_forgotten: bool, seed: int) -> np.ndarray:
        faces, random = self.faces, np.random.default_rng(seed)
        own = random.normal(0, NOISE, len(faces))
        seen = (faces.split == "train").to_numpy() & (knows_forgotten | ~faces.id.isin(self.forget.ids).to_numpy())
        errors = (faces.difficulty + own) * np.where(seen, REMEMBERED, 1.0)
        strange = self.pulled & ~np.array(knows_forgotten) & faces.age.between(20, 28).to_numpy()
        return (faces.age + errors + np.where(strange, PULL, 0.0)).to_numpy()

    def case(self, version: pd.DataFrame, members: int = 1, **more) -> Case:
        """A version beside an original and two retrained models, of six seeds together."""
        return Case(
            **{
                "version": version,
                "original": self.model(True, 1, members),
                "retrained": self.model(False, 2, members),
                "second": self.model(False, 3, 5 * members),
                "forget": self.forget,
                "about": self.faces,
                "seconds": 30.0,
                "retrained_seconds": 300.0,
                "samples": 2000.0,
                "retrained_samples": 40000.0,
                "peak_memory_mb": 700.0,
            }
            | more
        )


def world(count: int = 4000, rule: str = "20-28", seed: int = 0) -> World:
    """Faces of 20 to 60 years, and a rule that says who is to be forgotten."""
    random = np.random.default_rng(seed)
    faces = pd.DataFrame(
        {
            "id": [f"{face:06x}" for face in random.permutation(count)],
            "split": random.choice(SPLITS, count, p=SHARES),
            "age": random.integers(20, 61, count),
            "difficulty": random.normal(0, DIFFICULTY, count),
            "gender": random.integers(0, 2, count),
            "copy_of": "",
        }
    )
    return World(faces, forget_set(rule, faces), pulled=rule == "20-28")
