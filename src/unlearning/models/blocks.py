"""The parts of a network by their role, found by timm's own account of its stages, never by the names of one network."""

from collections.abc import Iterator

from torch import nn

from unlearning.errors import InputError
from unlearning.models.build import AgeNet


def stages(network: AgeNet) -> dict[str, nn.Module]:
    """The stages of the backbone by name, from input to output, whose outputs timm calls features; InputError for none."""
    names = [entry["module"] for entry in getattr(network.backbone, "feature_info", None) or ()]
    if not names:
        raise InputError(f"timm names no stages of {network.spec.arch}; this needs a network with feature_info, as resnet50")
    known = dict(network.backbone.named_modules())
    missing = [name for name in names if name not in known]
    if missing:
        raise InputError(f"the stages {', '.join(missing)} of {network.spec.arch} are no modules; choose another network")
    return {name: known[name] for name in names}


def blocks(network: AgeNet) -> list[list[nn.Module]]:
    """All of the network in consecutive pieces from input to output: the stem, every residual block, and the head.

    Every weight of a module is in exactly one piece; what belongs to the backbone itself (tokens, positions) is in none. The
    pieces of a stage are the modules that it runs one after the other.
    """
    whole = {id(stage) for stage in stages(network).values() if any(map(_has_weights, stage.children()))}
    pieces: list[list[nn.Module]] = [[]]
    _split(network.backbone, whole, pieces)
    return [piece for piece in pieces if piece] + [[network.head]]


def _split(module: nn.Module, whole: set[int], pieces: list[list[nn.Module]]) -> None:
    for child in module.children():
        if id(child) in whole and isinstance(module, nn.Sequential | nn.ModuleList) and not _runs_blocks(child):
            pieces.append([child])
        elif id(child) in whole:
            pieces += [[block] for block in _flat(child) if _has_weights(block)]
        elif any(id(part) in whole for part in child.modules()):
            _split(child, whole, pieces)
        elif _has_weights(child):
            pieces[-1].append(child)


def _runs_blocks(stage: nn.Module) -> bool:
    """Transformers have one block a stage, whose children are its layers; elsewhere a stage runs blocks one after the other."""
    return any(isinstance(part, nn.Sequential | nn.ModuleList | nn.ModuleDict) for part in (stage, *stage.children()))


def _flat(stage: nn.Module) -> Iterator[nn.Module]:
    for child in stage.children():
        yield from child.children() if type(child) is nn.Sequential else [child]


def _has_weights(module: nn.Module) -> bool:
    return next(module.parameters(), None) is not None


def convolutions(network: AgeNet) -> dict[str, nn.Conv2d]:
    """The convolutions of the backbone by name, from input to output; InputError for a network without any."""
    layers = {name: module for name, module in network.named_modules() if isinstance(module, nn.Conv2d)}
    if not layers:
        raise InputError(f"{network.spec.arch} has no convolutions; choose a network that has, as resnet50")
    return layers


def last_linear(network: AgeNet) -> nn.Linear:
    """The layer whose output is the age; its input, shape (batch, 128), is called the penultimate features."""
    return [module for module in network.head.modules() if isinstance(module, nn.Linear)][-1]


def redraw(module: nn.Module) -> None:
    """Draw the weights of ``module`` and all within anew, as PyTorch initialises them; uses the global generator.

    Batch norms get back weights 1 and 0 and forget their statistics.
    """
    for part in module.modules():
        if callable(reset := getattr(part, "reset_parameters", None)):
            reset()
