"""Ranges of ages, as a person types them."""

import re

from unlearning.errors import InputError

Range = tuple[int, int]
RANGE = re.compile(r"\s*(\d{1,3})-(\d{1,3})\s*")


def parse_ranges(text: str, count: int) -> tuple[Range, ...]:
    """``20-28,52-60`` -> ((20, 28), (52, 60)), both ends of each included, in years.

    Raises:
        InputError: not ``count`` ranges that lie apart, each from a lower to a higher age.
    """
    matches = [RANGE.fullmatch(part) for part in text.split(",")]
    ranges = tuple((int(match[1]), int(match[2])) for match in matches if match)
    example = ("20-28", "20-28,52-60")[count - 1]
    if len(ranges) != count or len(matches) != count or any(low > high for low, high in ranges):
        raise InputError(f"{text!r} is not {count} range{'s' * (count > 1)} of ages; legal: as {example}")
    if any(earlier[1] >= later[0] for earlier, later in zip(sorted(ranges), sorted(ranges)[1:], strict=False)):
        raise InputError(f"the ranges {text!r} overlap; legal: ranges that share no age, as {example}")
    return ranges
