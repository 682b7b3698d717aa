"""Entry points as they are typed."""

import importlib

from click.testing import CliRunner, Result


def typed(entry: str, *words: str) -> Result:
    """What ``age-unlearning ENTRY WORDS`` said, and how it ended."""
    return CliRunner().invoke(importlib.import_module(f"entrypoints.{entry}").main, list(words))
