"""Unlearning methods: one file each, and METHODS, the visible registry."""

from unlearning.methods.finetune import FineTune
from unlearning.methods.random_labels import RandomLabels
from unlearning.naming import by_name

METHODS = by_name(FineTune, RandomLabels)
