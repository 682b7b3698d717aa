"""What a certificate proves, and what it does not, in sentences that stand in it."""

from __future__ import annotations

PROVES = (
    "Whoever holds the signing key stated what stands here, and not one byte of it was changed since.",
    "The files listed are the files of this version, by content and by name.",
    "The samples behind the Merkle root are those that were named to be forgotten; each can be shown to be one of them without "
    "telling who the others are.",
    "The numbers are what was measured on this version, with these intervals, and the gates were decided on them as listed.",
    "The earlier certificates are the ones listed, unchanged and in this order.",
)
APPROXIMATE = (
    "That the model is the one that would have come out had the samples never been there: the method is approximate, and the "
    "numbers say how close it came by these measures only."
)
EXACT = (
    "That the computation was carried out as it is recorded: if it was, nothing of the samples is left in this model, but a "
    "document cannot show that it was."
)
DOES_NOT_PROVE = (
    "That nothing is left elsewhere: backups, caches, downloads, earlier versions and models made from them may hold the "
    "samples or what was learned from them.",
    "That attacks other than those measured would fail.",
    "That what was signed is true: a signature shows who said it and that it was not changed.",
    "That the times are right: they are those of the signer's clock.",
)


FIRST_WEIGHTS = (
    "That {} had learned nothing of the samples: training began with them, and whatever they hold of the samples is in this "
    "model, and in what it is measured against."
)


def limits(approximate: bool, first_weights: str = "") -> tuple[str, ...]:
    """What is not proved, first of all by the method; ``first_weights``: what training began with, unless with nothing."""
    begun = (FIRST_WEIGHTS.format(first_weights),) if first_weights else ()
    return (APPROXIMATE if approximate else EXACT, *begun, *DOES_NOT_PROVE)
