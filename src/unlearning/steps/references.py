"""The retrained model that a request's version is measured against, made when it is missing."""

from __future__ import annotations

from unlearning.data.forget import ForgetSet
from unlearning.errors import InputError
from unlearning.jobs.reuse import reuse_or
from unlearning.registry.lookup import Version
from unlearning.steps import retrain as retrain_step
from unlearning.steps.settings import RetrainSettings
from unlearning.versions.lineage import is_fair, retrained_reference


def ensure_reference(parent: Version, forget: ForgetSet) -> Version:
    """The model retrained without a forget set and without all that a version has forgotten before."""
    try:
        found = retrained_reference(parent, forget)
    except InputError:
        found = None
    if found and is_fair(found, parent, forget):
        return found
    settings = RetrainSettings(forget.rule, str(parent.number), name=parent.model)
    mark = retrain_step.mark(settings, parent, forget)
    return reuse_or("retrain", mark, parent.model, False, lambda: [retrain_step.retrain(settings, forget)])[0]
