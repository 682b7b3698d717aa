"""How alike two small pictures are once one of them is moved, turned and stretched to lie on the other."""

from functools import cache

import numpy as np

from unlearning.data.views import SIDE, VIEWS

MIDDLE = np.arange(11, SIDE - 11)  # pixels a side by whose detail pictures are aligned: no border or crop takes them away
WIDE = np.arange(8, SIDE - 8)  # pixels a side whose levels are compared
STEPS = 6  # of Gauss-Newton; more change the correlation of no copy by .01
COARSE = 4.0  # pixels: what is wider is light, and no detail
RIDGE = 1e-3  # of the mean curvature: keeps a picture without detail from being moved anywhere
AT_ONCE = 128  # pairs in memory


def aligned(still: np.ndarray, moved: np.ndarray, views: np.ndarray) -> np.ndarray:
    """Correlations of ``still`` with ``moved`` where they fit best, of their detail and of their levels: shape (2, n).

    The affine map between the two is found by inverse compositional Gauss-Newton steps (Baker and Matthews, Lucas-Kanade 20
    Years On, 2004), which start at the view of ``moved`` that is like ``still``.

    Args:
        still: uint8, shape (n, SIDE, SIDE).
        moved: uint8, shape (n, SIDE, SIDE).
        views: for each pair a position in ``VIEWS``.
    """
    parts = [slice(start, start + AT_ONCE) for start in range(0, len(still), AT_ONCE)]
    return np.concatenate([np.empty((2, 0)), *(_aligned(still[part], moved[part], views[part]) for part in parts)], axis=1)


def _aligned(still: np.ndarray, moved: np.ndarray, views: np.ndarray) -> np.ndarray:
    mirrored = np.array([VIEWS[view].mirrored for view in views])
    moved = np.where(mirrored[:, None, None], moved[:, :, ::-1], moved)
    detail, template, tangents = _detail(moved), *_template(_detail(still))
    curvature = tangents @ tangents.transpose(0, 2, 1)
    curvature += RIDGE * np.trace(curvature, axis1=1, axis2=2)[:, None, None] / 6 * np.eye(6)
    maps = np.array([_start(view) for view in views])
    for _ in range(STEPS):
        error = _unit(_sampled(detail, maps, MIDDLE)) - template
        change = np.linalg.solve(curvature, tangents @ error[:, :, None])[:, :, 0]
        maps = maps @ np.linalg.inv(_matrix(change))
    levels = still[:, WIDE[0] : WIDE[-1] + 1, WIDE[0] : WIDE[-1] + 1].reshape(len(still), -1)
    compared = ((template, _sampled(detail, maps, MIDDLE)), (_unit(levels), _sampled(moved, maps, WIDE)))
    return np.stack([np.einsum("np,np->n", fixed, _unit(values)) for fixed, values in compared])


def _detail(pictures: np.ndarray) -> np.ndarray:
    """Pictures less their blurred selves, float32."""
    levels = pictures.astype(np.float32)
    detail: np.ndarray = levels - _blur() @ levels @ _blur().T
    return detail


@cache
def _blur() -> np.ndarray:
    pixels = np.arange(SIDE)
    bell = np.exp(-(((pixels[:, None] - pixels) / COARSE) ** 2) / 2)
    blur: np.ndarray = (bell / bell.sum(axis=1, keepdims=True)).astype(np.float32)
    return blur


def _places(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """y and x of a square of pixels, counted from the picture's centre."""
    y, x = np.meshgrid(pixels - (SIDE - 1) / 2, pixels - (SIDE - 1) / 2, indexing="ij")
    return y.ravel(), x.ravel()


def _template(still: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The middle as a unit vector, shape (n, pixels), and its change with each number of a map, shape (n, 6, pixels)."""
    (y, x), low, high = _places(MIDDLE), MIDDLE[0], MIDDLE[-1] + 1
    middle = still[:, low:high, low:high].reshape(len(still), -1)
    length = 2 * np.linalg.norm(middle - middle.mean(axis=1, keepdims=True), axis=1)[:, None] + 1e-6
    down = (still[:, low + 1 : high + 1, low:high] - still[:, low - 1 : high - 1, low:high]).reshape(len(still), -1) / length
    right = (still[:, low:high, low + 1 : high + 1] - still[:, low:high, low - 1 : high - 1]).reshape(len(still), -1) / length
    tangents = np.stack([right * x, right * y, right, down * x, down * y, down], axis=1)
    tangents -= tangents.mean(axis=2, keepdims=True)
    template = _unit(middle)
    tangents -= np.einsum("nkp,np->nk", tangents, template)[:, :, None] * template[:, None]  # contrast is no likeness
    return template, tangents


def _unit(values: np.ndarray) -> np.ndarray:
    centred = values - values.mean(axis=1, keepdims=True)
    units: np.ndarray = centred / (np.linalg.norm(centred, axis=1, keepdims=True) + 1e-6)
    return units


def _start(view: int) -> np.ndarray:
    """From a place of the still picture to that of the view."""
    _, y, x, size = VIEWS[view]
    return np.array([[size, 0, (x - 0.5) * SIDE], [0, size, (y - 0.5) * SIDE], [0, 0, 1]])


def _matrix(change: np.ndarray) -> np.ndarray:
    matrix = np.tile(np.eye(3), (len(change), 1, 1))
    matrix[:, :2] += change.reshape(-1, 2, 3)
    return matrix


def _sampled(pictures: np.ndarray, maps: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """Values of each picture where its map takes a square of pixels, between pixels by bilinear weights: shape (n, pixels)."""
    y, x = _places(pixels)
    there = maps[:, :2].astype(np.float32) @ np.stack([x, y, np.ones_like(x)]).astype(np.float32) + (SIDE - 1) / 2
    there = np.clip(there, 0, SIDE - 1.001)
    corner = there.astype(np.int64)
    right, down = (there - corner).transpose(1, 0, 2)
    first = np.arange(len(pictures))[:, None] * SIDE**2 + corner[:, 1] * SIDE + corner[:, 0]
    flat = pictures.reshape(-1)
    upper = flat[first] * (1 - right) + flat[first + 1] * right
    lower = flat[first + SIDE] * (1 - right) + flat[first + SIDE + 1] * right
    values: np.ndarray = upper * (1 - down) + lower * down
    return values
