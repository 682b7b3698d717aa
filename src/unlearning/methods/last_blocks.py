"""Training the last blocks of a network alone: what CF-k and EU-k share."""

from __future__ import annotations

from torch import nn

from unlearning.errors import InputError
from unlearning.models.blocks import blocks
from unlearning.models.build import AgeNet


def free_last(network: AgeNet, k: int) -> list[nn.Module]:
    """Freeze all of ``network`` but its last ``k`` residual blocks and the head, and return the modules of these.

    Raises:
        InputError: there are no ``k`` blocks behind the first piece, which always stays frozen.
    """
    pieces = blocks(network)
    most = len(pieces) - 2
    if k > most:
        raise InputError(f"params: k={k} is not possible; {network.spec.arch} has {most} blocks, so legal: 0 to {most}")
    network.requires_grad_(False)  # also tokens and positions, which are in no piece
    free = [module for piece in pieces[-1 - k :] for module in piece]
    for module in free:
        module.requires_grad_(True)
    return free
