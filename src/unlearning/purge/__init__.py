"""Purges: what they cover, how it is erased, and the proof."""
