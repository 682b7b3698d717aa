"""A process that dies at a moment that a test chooses, without its memory going."""


class Killed(BaseException):
    """What no code foresees."""


def die_after(patch, owner, name: str, count: int) -> None:
    """Raise ``Killed`` once, after so many calls of a function or method."""
    own, left = getattr(owner, name), [count]

    def called(*arguments, **named):
        made = own(*arguments, **named)
        left[0] -= 1
        if not left[0]:
            raise Killed
        return made

    patch.setattr(owner, name, called)
