"""Settings that a file keeps, read back: a file may be damaged, or written by another version of this project."""

from dataclasses import fields
from typing import TypeVar

from unlearning.errors import InputError

Record = TypeVar("Record")
TYPES = {"str": str, "int": int, "float": (int, float), "bool": bool}


def read_record(kind: type[Record], values: dict) -> Record:
    """An instance of a dataclass with the values of a file; who knows the file says which it is.

    Raises:
        InputError: a field is unknown: a newer version wrote it.
        TypeError: the values have no names, a field is missing, or a value is of another type than its field.
    """
    if not isinstance(values, dict):
        raise TypeError(f"{values!r:.40} stands where the fields of {kind.__name__} are expected")
    types = {field.name: field.type for field in fields(kind)}
    unknown = sorted(set(values) - set(types))
    if unknown:
        raise InputError(f"{kind.__name__} holds unknown fields {unknown}; a newer version wrote it")
    for name, value in values.items():
        legal = TYPES.get(types[name], object)
        if not isinstance(value, legal) or (isinstance(value, bool) and legal not in (bool, object)):
            raise TypeError(f"{name}={value!r:.40} of {kind.__name__} is not of type {types[name]}")
    return kind(**values)
