"""What carries the answer, in numbers of an audit: how far mean maps are from the retrained model's, and a patch's share."""

import math
from collections.abc import Mapping

import numpy as np
import torch

from unlearning.data.faces import FaceSet
from unlearning.data.forget import ForgetSet
from unlearning.evaluation.on_models.handed import FLOOR, RETRAINED, Measured
from unlearning.explain.attributions import baseline_of, integrated_gradients
from unlearning.explain.groups import FORGOTTEN, TEST, kept_training, parts_of
from unlearning.explain.maps import apart, mean_maps, planted_shares

DISTANCE, PLANTED = "attribution_distance", "planted_share"
MOST_FACES, STANDARD_ERRORS = 50, 2


def explained(
    members: Mapping[str, torch.nn.Module], faces: FaceSet, forget: ForgetSet, earlier: list[ForgetSet], injected: bool
) -> Measured:
    """Both numbers by role, where there is a retrained model, or an injected patch, to measure them by.

    ``members`` are one network of every version by role, in eval mode; what was forgotten ``earlier`` is not kept either.

    Raises:
        InputError: fewer people than a mean may be of.
    """
    numbers: dict[str, dict[str, float]] = {}
    kept = kept_training(faces, [forget, *earlier])
    parts, baseline = parts_of(faces, kept, forget, MOST_FACES), baseline_of(kept)
    if RETRAINED in members:
        forgotten = {FORGOTTEN: parts[FORGOTTEN]}
        maps = {
            role: mean_maps([one], forgotten, {}, baseline, integrated_gradients)[FORGOTTEN] for role, one in members.items()
        }
        numbers[DISTANCE] = {role: apart(own, maps[RETRAINED]) for role, own in maps.items()}
    if injected:
        shares = {role: planted_shares([one], parts[TEST], baseline) for role, one in members.items()}
        numbers[PLANTED] = planted_numbers(shares)
    return Measured(numbers, dict.fromkeys(numbers, f"mean over at most {MOST_FACES} people"))


def planted_numbers(shares: Mapping[str, np.ndarray]) -> dict[str, float]:
    """Mean share by role, from the shares face by face; the floor is the noise that the faces alone make."""
    widest = max(float(own.std(ddof=1)) / math.sqrt(len(own)) for own in shares.values())
    return {role: float(own.mean()) for role, own in shares.items()} | {FLOOR: STANDARD_ERRORS * math.sqrt(2) * widest}
