"""One unlearning, opened and checked: what it runs on, and what it makes forget."""

from dataclasses import dataclass

from unlearning.data.faces import FaceSet
from unlearning.data.forget import ForgetSet, forget_mask, retain_mask
from unlearning.methods.task import Method
from unlearning.versions.lineage import Parent


@dataclass(frozen=True)
class Job:
    """Everything that a method's run needs; a version is made after each of these numbers of ``epochs``."""

    method: Method
    epochs: tuple[int, ...]
    forget_set: ForgetSet
    parent: Parent
    faces: FaceSet

    @property
    def retain(self) -> FaceSet:
        """Faces to keep: without the forget set, and without what was forgotten before."""
        return self.faces.where(retain_mask(self.faces.frame, [self.forget_set, *self.parent.forgotten]))

    @property
    def forget(self) -> FaceSet:
        """Faces to forget."""
        return self.faces.where(forget_mask(self.faces.frame, self.forget_set))
