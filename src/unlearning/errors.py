"""The errors that are answers to the user: every room may raise them, the entry points print them."""


class InputError(ValueError):
    """What the user gave cannot be used.

    The message is one or two sentences: the value, what is legal, and the command to type next.
    """


class DivergedError(InputError):
    """A loss stopped being finite: the run ends at that step and registers nothing."""
