"""Members and non-members of the same ages: what an attack may be judged on.

Somebody who was trained on and somebody who was not usually differ in age as well, and an attack that tells their ages apart
looks as if it told membership. So every member stands beside a non-member of the same age.
"""

from dataclasses import dataclass

import numpy as np

MOST_PAIRS = 10_000


@dataclass(frozen=True)
class Pairs:
    """Faces that were trained on, each beside one of the same age (in whole years) that was not; sorted by age."""

    members: np.ndarray  # positions in the table
    others: np.ndarray  # positions in the table, as many

    def __len__(self) -> int:
        return len(self.members)


def match(members: np.ndarray, others: np.ndarray, ages: np.ndarray, seed: int, most: int = MOST_PAIRS) -> Pairs:
    """Draw as many members as non-members of every age, as many as there are of the rarer kind, and pair them at random.

    Both are positions in a table, whose ages are in years; of more pairs than ``most`` that many are drawn.
    """
    random = np.random.default_rng([seed, 1])
    years = np.floor(ages).astype(np.int64)
    first, first_keys = _shuffled(members, years, random)
    second, second_keys = _shuffled(others, years, random)
    _, one, two = np.intersect1d(first_keys, second_keys, assume_unique=True, return_indices=True)
    if len(one) > most:
        kept = np.sort(random.choice(len(one), most, replace=False))
        one, two = one[kept], two[kept]
    return Pairs(first[one], second[two])


def _shuffled(positions: np.ndarray, years: np.ndarray, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Positions in random order within each age, ages ascending, and a key for each: its age and its place within the age."""
    shuffled = random.permutation(positions)
    ordered = shuffled[np.argsort(years[shuffled], kind="stable")]
    own = years[ordered]
    place = np.arange(len(own)) - np.searchsorted(own, own)
    return ordered, own * (len(years) + 1) + place
