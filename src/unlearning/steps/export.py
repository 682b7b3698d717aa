"""export: a version as one file that gives ages without this project, without PyTorch and without Python."""

import shlex
import sys
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from unlearning.data.cache import write_whole
from unlearning.errors import InputError
from unlearning.models.ensemble import Ensemble
from unlearning.models.onnx_file import LAYOUT, TOLERANCE, difference, to_onnx
from unlearning.naming import printable
from unlearning.progress import say
from unlearning.registry.lookup import find_version
from unlearning.registry.version import Version
from unlearning.settings.serving import ExportSettings
from unlearning.tracking import runs
from unlearning.versions.lineage import open_ensemble

PACKAGES = ("onnx", "onnxruntime", "onnxscript")
TOLD = ("role", "method", "epochs", "forgotten", "verdict", "memory_left", "reference", "data_digest")


def export(settings: ExportSettings) -> Path:
    """Write a version as an ONNX file and return its path; it is put in place when onnxruntime gives the version's ages.

    Raises:
        InputError: a package is missing, the version cannot be used, or the file does not give its ages.
    """
    _require_packages()
    version = find_version(settings.name, settings.model)
    out = Path(settings.out or f"{version.model}-{version.number}.onnx").absolute()
    with runs.run_if_launched("export", f"export {version.label}"):
        ensemble = open_ensemble(version)
        say(f"export: writing {version.label} as ONNX, which takes PyTorch a minute")
        write_whole(out, partial(_write, ensemble, _metadata(version, ensemble)))
        if runs.launched():
            runs.set_tags({"version": f"{version.model}/{version.number}"})
    layout = LAYOUT.format(side=ensemble.spec.image_size)
    target = ensemble.spec.target
    given = target.unit or target.name if target.numeric else "probabilities"
    say(f"export: {printable(str(out))} takes {layout}, and gives {given}; onnxruntime's are {version.label}'s")
    return out


def _require_packages() -> None:
    missing = [name for name in PACKAGES if find_spec(name) is None]
    if missing:
        raise InputError(
            f"an export to ONNX needs the packages {', '.join(missing)}; install them with: uv pip install --python "
            f"{shlex.quote(sys.executable)} --requirements pyproject.toml --extra onnx"
        )


def _metadata(version: Version, ensemble: Ensemble) -> dict[str, str]:
    """What the version's tags say of it now: a file outside the registry is not told what becomes known later."""
    tags = {name: version.tag(name) for name in TOLD if version.tag(name)}
    own = {"version": f"{version.model}/{version.number}", "image_size": str(ensemble.spec.image_size)}
    return {"verdict": "not judged yet"} | tags | own


def _write(ensemble: Ensemble, metadata: dict[str, str], path: Path) -> None:
    path.write_bytes(to_onnx(ensemble, metadata))
    apart, target = difference(path.read_bytes(), ensemble), ensemble.spec.target
    allowed, unit = TOLERANCE * target.scale, f" {target.unit}".rstrip()
    if not apart <= allowed:
        raise InputError(
            f"onnxruntime's answers are up to {apart:.3g}{unit} from the version's, more than the {allowed:g} allowed: no file "
            f"is written; {ensemble.spec.arch} does not survive the translation with these versions of the packages"
        )
