"""Do the maps tell the truth? Measured: what is taken away by a map's order, and what random weights leave of the map."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from scipy.stats import sem, spearmanr

from unlearning.explain.attributions import AT_ONCE, GRID, Labels, Method, Network, carried, in_cells
from unlearning.models.blocks import redraw

POINTS = np.linspace(0, 1, 9)
ERRORS = 2  # standard errors by which a map has to do better than a random one


@dataclass(frozen=True)
class Curves:
    """How far the answer has moved from that of the whole picture, when a share of the cells shows the baseline."""

    deletion: np.ndarray  # mean over faces at each of ``POINTS``, the cells that carry most taken away first; 1 is the baseline
    insertion: np.ndarray  # the cells that carry most put back first: at each of ``POINTS`` so many are there
    random_deletion: np.ndarray  # the same by a random map: the face's own, moved elsewhere
    random_insertion: np.ndarray  # the same by that map
    # of deletion and insertion, the area between the two curves; above 0 the map is better than a random one
    gains: tuple[float, ...]
    errors: tuple[float, ...]  # their standard errors over faces

    @property
    def hold(self) -> bool:
        """Is the map better than a random one, by both curves?"""
        return all(gain > ERRORS * error for gain, error in zip(self.gains, self.errors, strict=True))


def curves(network: Network, pictures: torch.Tensor, baseline: torch.Tensor, method: Method, labels: Labels = None) -> Curves:
    """Deletion and insertion, every face by its own map (Petsiuk et al. 2018, https://arxiv.org/abs/1806.07421, of classes)."""
    cells = in_cells(carried(method, network, pictures, baseline, labels)).reshape(len(pictures), -1)
    elsewhere = _moved_elsewhere(cells, np.random.default_rng([0, 7]))
    answers = partial(_answers, network, labels=labels)
    with torch.no_grad():
        whole = answers(pictures)
        nothing = baseline if labels is None else baseline.expand_as(pictures)
        scale = float((answers(nothing) - whole).abs().mean()) or math.nan
        moved = {
            name + kind: _moved(answers, pictures, baseline, order, kind == "insertion", whole) / scale
            for name, order in (("", cells), ("random_", elsewhere))
            for kind in ("deletion", "insertion")
        }
    gains = [moved["deletion"] - moved["random_deletion"], moved["random_insertion"] - moved["insertion"]]
    areas = [np.asarray(np.trapezoid(gain, POINTS, axis=0)) for gain in gains]
    means = {name: values.mean(axis=1) for name, values in moved.items()}
    return Curves(**means, gains=tuple(float(one.mean()) for one in areas), errors=tuple(float(sem(one)) for one in areas))


def _moved_elsewhere(cells: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Every map moved by some cells, over the edge to the other side: as smooth as it was, and wrong.

    Cells drawn one by one would be no fair opponent: scattered over a real face they moved the answers by up to twice as much
    as the whole baseline did, whatever was below them.
    """
    moves = random.integers(1, GRID, (len(cells), 2))
    maps = cells.reshape(-1, GRID, GRID)
    return np.stack([np.roll(one, move, axis=(0, 1)).ravel() for one, move in zip(maps, moves, strict=True)])


def _answers(network: Network, pictures: torch.Tensor, labels: Labels) -> torch.Tensor:
    """One number a picture: of classes that of its own."""
    found = torch.cat([network(some) for some in torch.split(pictures, 4 * AT_ONCE)])
    return found if labels is None else found.gather(1, labels[:, None])[:, 0]


def _moved(
    answers: Network, pictures: torch.Tensor, baseline: torch.Tensor, order: np.ndarray, inserted: bool, whole: torch.Tensor
) -> np.ndarray:
    """abs(f(x varied) - f(x)) at every point, shape (points, n)."""
    ranks = torch.from_numpy((-order).argsort(axis=1).argsort(axis=1).reshape(-1, 1, GRID, GRID)).float()
    ranks = torch.nn.functional.interpolate(ranks, size=pictures.shape[-2:], mode="nearest").to(pictures.device)
    found = []
    for point in POINTS:
        first = ranks < point * GRID**2
        varied = torch.where(first == inserted, pictures, baseline)
        found.append((answers(varied) - whole).abs().cpu().double().numpy())
    return np.stack(found)


def randomised(network: torch.nn.Module) -> torch.nn.Module:
    """A copy whose weights are all drawn anew: what its map has in common with the trained one's is not what was learned.

    Source: Adebayo et al. 2018, https://arxiv.org/abs/1810.03292.
    """
    other = copy.deepcopy(network)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        redraw(other)
    return other.eval()


def rank_correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Spearman's, of the cells of two mean maps, -1 to 1; not a number where one has no pattern at all."""
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return math.nan
    return float(spearmanr(first.ravel(), second.ravel()).statistic)
