"""Requests to be forgotten: their states, and where they are kept."""
