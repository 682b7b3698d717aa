"""Mean maps of a version's members on groups of faces, and how far two lie from each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations, product

import numpy as np
import torch

from unlearning.data.faces import FaceSet
from unlearning.data.signals import stamp
from unlearning.explain.attributions import Method, asked, carried, in_cells, integrated_gradients, pictures_of
from unlearning.explain.groups import TEST, require_enough
from unlearning.explain.regions import patch_box

Maps = dict[str, np.ndarray]


def mean_maps(
    networks: Sequence[torch.nn.Module],
    parts: Mapping[str, FaceSet],
    bands: Mapping[str, np.ndarray],
    baseline: torch.Tensor,
    method: Method,
) -> Maps:
    """By part and band the mean map of every member, shape (members, GRID, GRID); each is of shares and adds up to 1.

    The networks are in eval mode. ``TEST`` is among the parts where there are bands, which are positions in its faces.

    Raises:
        InputError: a part or band of too few faces.
    """
    found: Maps = {}
    for name, faces in parts.items():
        rows = {name: np.arange(len(faces))} | (dict(bands) if name == TEST else {})
        for group, own in rows.items():
            require_enough(len(own), f"{group} faces")
        pictures = pictures_of(faces, baseline.device)
        each = [asked(network, faces, baseline.device) for network in networks]
        cells = [in_cells(carried(method, network, pictures, baseline, labels)) for network, labels in each]
        found |= {group: np.stack([_as_shares(one[own].mean(axis=0)) for one in cells]) for group, own in rows.items()}
    return found


def _as_shares(cells: np.ndarray) -> np.ndarray:
    """A network that answers alike whatever it sees has a map without any place."""
    total = cells.sum()
    shares: np.ndarray = cells / total if total > 0 else np.full_like(cells, 1 / cells.size)
    return shares


def distance(first: np.ndarray, second: np.ndarray) -> float:
    """Half the sum over cells of abs(m_1 - m_2): the share that would have to lie elsewhere, 0 to 1 (total variation)."""
    return float(np.abs(first - second).sum() / 2)


def apart(first: np.ndarray, second: np.ndarray) -> float:
    """Mean distance of a member of one version and a member of another: single ones, as ``floor`` compares them."""
    return float(np.mean([distance(one, other) for one, other in product(first, second)]))


def floor(members: np.ndarray) -> float:
    """Mean distance of two retrained members; not a number with fewer than two."""
    pairs = [distance(one, other) for one, other in combinations(members, 2)]
    return float(np.mean(pairs)) if pairs else float("nan")


def planted_shares(networks: Sequence[torch.nn.Module], faces: FaceSet, baseline: torch.Tensor) -> np.ndarray:
    """Share of the attributions that lies in the injected patch, face by face and on average over members, 0 to 1.

    The faces get the patch; none of them carried it in training.
    """
    stamped = stamp(faces.images(torch.arange(len(faces))).cpu().numpy())
    pictures = torch.from_numpy(stamped).permute(0, 3, 1, 2).float().to(baseline.device)
    box = torch.from_numpy(patch_box(stamped.shape[1])).to(baseline.device)
    each = [asked(network, faces, baseline.device) for network in networks]
    maps = [carried(integrated_gradients, network, pictures, baseline, labels).double() for network, labels in each]
    found = [one[:, box].sum(dim=1) / one.sum(dim=(1, 2)).clamp(min=1e-12) for one in maps]
    shares: np.ndarray = torch.stack(found).mean(dim=0).cpu().numpy()
    return shares
