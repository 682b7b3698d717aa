"""How often the audit finds fault with a model that never saw the forget set.

    PYTHONPATH=src:tests python -m evaluation.calibration

prints what docs/audit.md says of it (minutes).
"""

from __future__ import annotations

from evaluation.worlds import world
from unlearning.evaluation.audit.audit import audit
from unlearning.evaluation.audit.verdicts import NOT_KNOWN, SAME
from unlearning.evaluation.audit_metric import COST

FACES, WORLDS = 3000, 30
RULES = ("20-28", "random:300")


def faults(rule: str, seed: int) -> list[str]:
    """Metrics with a verdict that is not the one it deserves, in a world of its own."""
    faces, models = world(FACES, rule, seed), [100 * seed + n for n in (7, 8, 9, 10)]
    named = {"original": faces.model(True, models[1]), "retrained": faces.model(False, models[2])}
    witnesses = faces.witnesses(faces.model(False, models[0]), **named, second=faces.model(False, models[3]))
    return [row.metric for row in audit(witnesses).rows if row.kind != COST and row.verdict not in (SAME, NOT_KNOWN)]


if __name__ == "__main__":
    for rule in RULES:
        found = {seed: names for seed in range(WORLDS) if (names := faults(rule, seed))}
        counted = f"{len(found)} of {WORLDS} models that never saw the forget set failed a verdict"
        print(f"{rule}: {counted}", found or "", flush=True)
