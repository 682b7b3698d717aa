"""Prediction tables -> numbers: pure functions, and METRICS, the visible registry."""
