"""Does a planted signal survive? Scores of the tests whose data ``data.signals`` makes, read on test faces."""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from unlearning.data.ages import Range
from unlearning.data.faces import FaceSet
from unlearning.data.signals import stamp
from unlearning.training.predict import predict

AT_ONCE = 1024


@dataclass(frozen=True)
class Confusion:
    """How often, and how far, faces of one range are taken for faces of the other: the interclass confusion test for ages."""

    both: float  # share of the test faces of either range whose prediction lies in the other, 0 to 1
    pull: float  # mean over the faces of both ranges of the error towards the other range, in years, any sign
    faces: tuple[int, int]  # test faces of the first and of the second range


def confusion(table: pd.DataFrame, ranges: tuple[Range, Range]) -> Confusion:
    """ICT score: the share of test predictions of each range that fall into the other, whose ages some training faces got.

    0 to 1, without a unit. What the retrained model gives is the target, above it the confusion is remembered. A prediction
    lies in 20-28 when it rounds to one of these ages: from 19.5 to below 28.5. Not a number without a test face.
    Source: Goel et al. 2022, https://arxiv.org/abs/2201.06640, whose score counts classes.

    A class is right or wrong, an age can be halfway: a model that minimises absolute errors says the median of the ages that
    like faces have, so that fewer confused labels than true ones move its answers without taking them across. ``pull`` sees
    that too; of a model that never saw a wrong label it is above 0 already, as answers lean to the middle ages.
    """
    test = table[table.split == "test"]
    ages, predicted = test.age.to_numpy(np.float64), test.predicted.to_numpy(np.float64)
    members = [(low <= ages) & (ages <= high) for low, high in ranges]
    into = [_rounds_into(predicted, ages) for ages in ranges]
    wrong = [(members[0] & into[1]).sum(), (members[1] & into[0]).sum()]
    counts = int(members[0].sum()), int(members[1].sum())
    upwards = 1 if ranges[0] < ranges[1] else -1
    towards = upwards * ((predicted - ages)[members[0]].sum() - (predicted - ages)[members[1]].sum())
    return Confusion(_share(sum(wrong), sum(counts)), _share(towards, sum(counts)), counts)


def _rounds_into(predicted: np.ndarray, ages: Range) -> np.ndarray:
    inside: np.ndarray = (ages[0] - 0.5 <= predicted) & (predicted < ages[1] + 0.5)
    return inside


def _share(some: float, of: int) -> float:
    return float(some / of) if of else math.nan


@dataclass(frozen=True)
class PatchEffect:
    """What the patch does to the answers of a model: the feature injection test."""

    # mean over the test faces of f(x + patch) - f(x), in years; that of the retrained model is the target, 0 or nearly, and the
    # injected years are remembered in full
    years: float
    spread: float  # standard deviation of these differences over faces, in years
    faces: int  # how many


def patch_effect(network: torch.nn.Module, faces: FaceSet) -> PatchEffect:
    """FIT effect: mean f(x + patch) - f(x) over test faces, in years; any sign, nearer to the retrained model's is better.

    The patch covers a part of every face, so that even a model that never saw it may answer a little differently: the target
    is what M_R does, not 0. The network stays as it is. Not a number without a test face.
    Source: Izzo et al. 2021, https://arxiv.org/abs/2002.10077, whose feature is a weight of a linear model.
    """
    test = faces.part("test")
    if not len(test):
        return PatchEffect(math.nan, math.nan, 0)
    with_patch = [predict(network, _stamped(test, positions)) for positions in torch.split(torch.arange(len(test)), AT_ONCE)]
    difference = torch.cat(with_patch).double() - predict(network, test).double()
    return PatchEffect(difference.mean().item(), difference.std(correction=0).item(), len(test))


def _stamped(faces: FaceSet, positions: torch.Tensor) -> FaceSet:
    """Some of the faces with the patch."""
    frame = faces.frame.iloc[positions.numpy()]
    return FaceSet(frame.assign(row=np.arange(len(frame))), stamp(faces.images(positions).numpy()))
