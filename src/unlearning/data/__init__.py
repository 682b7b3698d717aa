"""Faces: read or draw them, split them, cache their pixels, and say who is to be forgotten."""
