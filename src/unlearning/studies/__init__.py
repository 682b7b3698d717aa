"""Experiment plans as data, and the values that the reference study published."""
