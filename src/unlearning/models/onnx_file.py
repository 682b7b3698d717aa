"""An ensemble as one ONNX graph: from uint8 pixels to years, with the normalisation and the aggregate of the members inside."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from unlearning.errors import InputError
from unlearning.models.ensemble import Ensemble
from unlearning.targets import AGE

PIXELS = "pixels"
MOST_BYTES = 2_000_000_000  # protobuf's own bound of a file, in which all weights lie
TOLERANCE = 1e-3  # years; two libraries add float32 numbers in other orders
TRIED = (1, 7)  # pictures at once
LAYOUT = "uint8 RGB of shape (pictures, 3, {side}, {side}), levels 0 to 255"


class _Ages(torch.nn.Module):
    """What a version answers, as one module."""

    def __init__(self, ensemble: Ensemble):
        super().__init__()
        self.members, self.aggregate = torch.nn.ModuleList(ensemble.members), ensemble.aggregate
        self.target = ensemble.spec.target

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        answers = torch.stack([self.target.answers(member(pixels)) for member in self.members], dim=1)
        return self.aggregate(answers.double()).float()


def to_onnx(ensemble: Ensemble, metadata: dict[str, str]) -> bytes:
    """The file: input ``pixels``, uint8 (pictures, 3, side, side); output ``age``, float32 (pictures,) in years, or another.

    ``metadata``: what it says of itself. InputError where PyTorch cannot say this network in ONNX, or it is too large.
    """
    import onnx

    size = sum(weights.nbytes for member in ensemble.members for weights in member.state_dict().values())
    if size > MOST_BYTES:
        raise InputError(f"the weights take {size / 1e9:.1f} GB, and one ONNX file holds at most {MOST_BYTES / 1e9:.0f} GB")
    side = ensemble.spec.image_size
    example = torch.zeros(2, 3, side, side, dtype=torch.uint8)
    shapes = {PIXELS: {0: torch.export.Dim("pictures")}}
    try:
        with _quiet():
            program = torch.onnx.export(
                _Ages(ensemble).eval(),
                (example,),
                input_names=[PIXELS],
                output_names=[ensemble.spec.target.name],
                dynamic_shapes=shapes,
                dynamo=True,
                verbose=False,
            )
    except torch.onnx.OnnxExporterError as error:
        raise InputError(f"PyTorch cannot write {ensemble.spec.arch} as ONNX: {str(error).splitlines()[0]}") from error
    assert program is not None  # it is where dynamo is true
    model = program.model_proto
    _forget_places(model)
    model.doc_string = f"{_said(ensemble)} from pictures of faces. {PIXELS}: {LAYOUT.format(side=side)}."
    onnx.helper.set_model_props(model, metadata)
    onnx.checker.check_model(model)
    content: bytes = model.SerializeToString()
    return content


def _said(ensemble: Ensemble) -> str:
    """What comes out, in words."""
    target = ensemble.spec.target
    if target == AGE:
        return "Ages in years"
    return target.axis if target.numeric else f"{target.name}: probabilities, {', '.join(list(target.columns)[1:])},"


def difference(file: bytes, ensemble: Ensemble) -> float:
    """How far onnxruntime's ages are from the ensemble's on random pixels, in years: the largest."""
    import onnxruntime

    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    source, side = torch.Generator().manual_seed(0), ensemble.spec.image_size
    found = []
    for count in TRIED:
        pixels = torch.randint(0, 256, (count, 3, side, side), dtype=torch.uint8, generator=source)
        ages = ensemble.aggregate(ensemble.predict(pixels).double())
        (other,) = session.run([ensemble.spec.target.name], {PIXELS: pixels.numpy()})
        found.append(float((torch.from_numpy(other).double() - ages).abs().max()))
    return max(found)


def _forget_places(model: Any) -> None:
    """Drop what PyTorch notes at every node and value: where in the source they come from, by this machine's own paths."""
    for graph in (model.graph, *model.functions):
        values = [graph.input, graph.output] if graph is model.graph else []
        for noted in (graph.node, graph.value_info, *values):
            for one in noted:
                del one.metadata_props[:]
        del graph.metadata_props[:]


@contextmanager
def _quiet() -> Iterator[None]:
    """PyTorch's exporter warns of itself and of what it is made of."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(action="ignore"):
            yield
    finally:
        logging.disable(before)
