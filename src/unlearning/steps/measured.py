"""What an audit measures on the models themselves: this loads them, and changes none."""

from __future__ import annotations

import math
from collections.abc import Callable

from unlearning.data.faces import FaceSet
from unlearning.data.forget import ForgetSet, forget_mask
from unlearning.errors import InputError
from unlearning.evaluation.activations import likeness
from unlearning.evaluation.relearn import anamnesis
from unlearning.models.build import AgeNet
from unlearning.steps.lineage import Parent, open_parent
from unlearning.steps.prepare import face_set
from unlearning.steps.progress import say, track
from unlearning.steps.witnesses import Beside
from unlearning.tracking.registry import Version
from unlearning.training.precision import make_fabric

Numbers = dict[str, dict[str, float]]


def measure_models(version: Version, found: Beside, forget: ForgetSet) -> Numbers:
    """Activation distance, the lowest CKA of a stage, and relearn time over that of retraining, by metric and role.

    All are measured on the first member of each version, against the first of the retrained model. Without a retrained model
    there is nothing to compare with, and nothing is measured. The faces have to be there.
    """
    if found.retrained is None:
        say("audit: without a retrained model neither activations nor relearning are measured")
        return {}
    opened = {"version": open_parent(version)} | {name: open_parent(one) for name, one in vars(found).items() if one}
    own = opened["version"]
    faces = face_set(own.data)
    members = {name: parent.ensemble().members[0] for name, parent in opened.items()}
    reference = members.pop("retrained")
    numbers = _alike(members, reference, faces.where(forget_mask(faces.frame, forget)))
    original = members.get("original", members["version"])
    return numbers | {"relearn_ratio": _relearned(members, reference, original, faces, forget, own)}


def _alike(members: dict[str, AgeNet], reference: AgeNet, forgotten: FaceSet) -> Numbers:
    distances, similarities = {"retrained": 0.0}, {"retrained": 1.0}
    for name, member in track(list(members.items()), len(members), "activations"):
        found = likeness(member, reference, forgotten)
        distances[name], similarities[name] = found.distance, min(found.cka.values())
    return {"activation_distance": distances, "cka": similarities}


def _relearned(
    members: dict[str, AgeNet], reference: AgeNet, original: AgeNet, faces: FaceSet, forget: ForgetSet, own: Parent
) -> dict[str, float]:
    values, fabric = {"retrained": 1.0}, make_fabric(own.recipe.precision)
    for name, member in track(list(members.items()), len(members), "relearning"):
        values[name] = _known(lambda member=member: anamnesis(fabric, member, reference, original, faces, forget, own.recipe))
    return values


def _known(measure: Callable) -> float:
    try:
        found = measure()
    except InputError as reason:
        say(f"audit: relearn time is not known: {reason}")
        return math.nan
    if found.bound:
        say(f"audit: relearn time over that of retraining: {found.bound} {found.value:.2f}")
    return math.nan if found.bound == "unknown" else found.value
