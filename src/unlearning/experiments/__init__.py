"""Experiments: plans as data, published values, results, and where cells run."""
