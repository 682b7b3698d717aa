"""Figures, tables and pages for people; they hold numbers, never a face."""
