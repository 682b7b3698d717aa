"""FT: go on training on what is kept (reference study, section 3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from unlearning.methods.task import UnlearningTask


@dataclass(frozen=True)
class FineTune:
    """Fine-tuning on the retain set: what is no longer shown is slowly forgotten.

    Minimises the mean of abs(f(x) - y) over the retain set, starting from the model.

    Args:
        lr: constant learning rate.
    """

    name: ClassVar[str] = "ft"
    lr: float = 1e-4

    def unlearn(self, task: UnlearningTask):
        from unlearning.training.losses import absolute_error

        return task.fit(absolute_error, self.lr)
