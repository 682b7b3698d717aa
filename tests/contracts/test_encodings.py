"""Texts are UTF-8 whatever the locale says: no file is opened as one without saying so."""

import ast

from places import ROOT

FILES = [path for room in ("src", "entrypoints", "tools", "benchmarks") for path in sorted((ROOT / room).rglob("*.py"))]


def opened_as_text(call: ast.Call) -> bool:
    """Is it ``read_text``, ``write_text``, or ``open`` without a mode of bytes?"""
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    if name in ("read_text", "write_text"):
        return True
    owner = getattr(getattr(call.func, "value", None), "id", "")
    modes = [argument.value for argument in call.args if isinstance(argument, ast.Constant) and isinstance(argument.value, str)]
    is_file = (name == "open" and not call.args) or any(set(mode) <= set("rwaxt+") for mode in modes)
    return name in ("open", "fdopen") and is_file and owner not in ("Image",)


def test_every_text_file_names_its_encoding():
    unnamed = []
    for path in FILES:
        nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        texts = [node for node in nodes if isinstance(node, ast.Call) and opened_as_text(node)]
        unnamed += [f"{path}:{call.lineno}" for call in texts if "encoding" not in {word.arg for word in call.keywords}]
    assert unnamed == []
