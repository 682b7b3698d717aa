"""The errors that are answers to the user: every room may raise them, the entry points print them."""

from unlearning.secrets import without_secrets


class InputError(ValueError):
    """What the user gave cannot be used.

    The message is one or two sentences: the value, what is legal, and the command to type next. It tells no secret.
    """

    def __str__(self) -> str:
        return without_secrets(super().__str__())


class DivergedError(InputError):
    """A loss stopped being finite: the run ends at that step and registers nothing."""


class DamagedError(InputError):
    """A file is not what was written: nothing is made from it."""


class TerminatedError(SystemExit):
    """The process was asked to end (SIGTERM), and what it had is kept; the exit status is that of such an end, 143."""

    def __init__(self, reason: str):
        super().__init__(143)
        self.reason = reason

    def __str__(self) -> str:
        return self.reason
