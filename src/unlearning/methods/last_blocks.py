"""Training the last blocks of a network alone: what CF-k and EU-k share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from unlearning.errors import InputError

if TYPE_CHECKING:
    import torch

    from unlearning.models.build import AgeNet


def free_last(network: AgeNet, k: int) -> list[list[torch.nn.Module]]:
    """Freeze all of ``network`` but its last ``k`` residual blocks and the head, and return these pieces.

    Raises:
        InputError: there are no ``k`` blocks behind the first piece, which always stays frozen.
    """
    from unlearning.models.blocks import blocks

    pieces = blocks(network)
    most = len(pieces) - 2
    if k > most:
        raise InputError(f"params: k={k} is not possible; {network.spec.arch} has {most} blocks, so legal: 0 to {most}")
    network.requires_grad_(False)  # tokens and positions, which are in no piece, among the rest
    for piece in pieces[-1 - k :]:
        for module in piece:
            module.requires_grad_(True)
    return pieces[-1 - k :]
