"""What a certificate says of a version, gathered from registry, runs and files."""

import hashlib
import math
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from unlearning.canonical import read
from unlearning.certificates.envelope import NotAnEnvelopeError, digest, open_envelope
from unlearning.certificates.payload import check_payload
from unlearning.certificates.statement import Certificate, Measured, ModelVersion
from unlearning.certificates.verify import digests
from unlearning.commands import command
from unlearning.data.forget import ForgetSet
from unlearning.errors import DamagedError, InputError
from unlearning.evaluation.audit.audit import Audit
from unlearning.evaluation.gates import Decision, read_gate
from unlearning.evaluation.metric import unit_of
from unlearning.evaluation.registry import METRICS
from unlearning.finding import EXACT, Finding
from unlearning.models.ensemble import read_spec, weights_digests
from unlearning.naming import NOTED_BY_MLFLOW
from unlearning.registry import journal
from unlearning.registry.descent import Line
from unlearning.registry.lookup import download_model
from unlearning.registry.version import GONE as NO_MORE
from unlearning.registry.version import Version
from unlearning.requests.states import together
from unlearning.targets import AGE
from unlearning.tracking import finished, runs
from unlearning.versions import certificates
from unlearning.versions.audit import audit_version
from unlearning.versions.data import account_of
from unlearning.versions.files import model_folder
from unlearning.versions.findings import Found
from unlearning.versions.line import FROM_NOTHING, is_approximate, line_of, versions_of
from unlearning.versions.lineage import usable
from unlearning.versions.references import beside
from unlearning.versions.witnesses import score

GONE = "not known: its files are gone"
UNREAD = "not known: its files could not be read when this was written"
GATES = "gates.json"


class Gated(NamedTuple):
    """By which decisions a version was promoted, whether somebody overruled one, and when."""

    decisions: tuple[Decision, ...]
    forced: bool
    time: datetime


def facts_of(version: Version, forgotten: list[ForgetSet], times: dict[str, datetime], found: Found) -> Certificate:
    """Everything that is certified of a version that was promoted.

    The certificate is about all that it has ``forgotten``, oldest first; what was ``found`` out about it is on the last set.

    Raises:
        InputError: it was never promoted, or something that is to be certified cannot be read.
    """
    gated = _gated(version)
    whole, line = together(forgotten), line_of(version)
    made = certificates.made_by(version.run_id)
    # Beside a cross-fitting that judged, which has no other numbers, an audit gives them.
    audit = (found.audited or audit_version(version, forgotten[-1], alpha_of(version), "tables")).audit
    folder = model_folder(version)
    with usable(version):
        content = read_spec(folder)
    spec = content["training"]
    earlier, lost = earlier_certificates(version)
    return Certificate(
        model=ModelVersion(version.model, str(version.number), weights_of(version)),
        files=files_of(version),
        parent=_parent(version, line),
        method=spec.get("method", FROM_NOTHING),
        settings=_settings(spec) | {"seeds": version.tag("seeds")},
        approximate=is_approximate(line),
        rule=whole.rule,
        forget_sha256=whole.sha256,
        samples=whole.ids,
        data_digest=version.tag("data_digest"),
        code_version=made.code,
        metrics=tuple(_measured(version, forgotten, audit)),
        decisions=gated.decisions,
        forced=gated.forced,
        times={"unlearned": made.time, "promoted": gated.time, "issued": datetime.now(UTC)} | times,
        earlier=tuple(map(digest, earlier)),
        lost=lost,
        level=audit.settings.bounds.level,
        first_weights=began_with(content),
        finding=_about(found.finding, forgotten),
        target="" if version.target == AGE else version.target.axis,
    )


def _about(finding: Finding, forgotten: list[ForgetSet]) -> Finding:
    """The finding; of several sets, where the last was judged, it says so: the certificate is about all of them."""
    if len(forgotten) == 1 or finding.verdict == EXACT:
        return finding
    last = f"This was found out on the {len(forgotten[-1].ids)} samples that it was made to forget last."
    return replace(finding, sentence=f"{finding.sentence} {last}")


def _parent(version: Version, line: Line) -> ModelVersion:
    """What the version was made from: it may be gone by now, or its files out of reach. Damaged ones are not passed over."""
    if len(line.steps) == 1:
        raise InputError(f"{version.label} cannot be certified, for what it was made from is not known: {line.broken}")
    number, weights = line.steps[1].number, GONE
    there = [one for one in versions_of(line, version.model) if one.number == number and one.tag("state") not in NO_MORE]
    try:
        weights = weights_of(there[0]) if there else GONE
    except DamagedError:
        raise
    except InputError:
        weights = UNREAD
    return ModelVersion(version.model, str(number), weights)


def weights_of(version: Version) -> str:
    """Digest of all weights; of several members, of their digests in order."""
    folder = model_folder(version)
    with usable(version):
        members = weights_digests(folder)
    return members[0] if len(members) == 1 else hashlib.sha256("".join(members).encode()).hexdigest()


def files_of(version: Version) -> dict[str, str]:
    """sha256 of every file that was logged as the version, by name."""
    return files_in(download_model(version))


def files_in(folder: Path) -> dict[str, str]:
    """sha256 of a version's files in a folder, by name, without what MLflow adds to a download."""
    return {name: sha256 for name, sha256 in digests(folder).items() if name != NOTED_BY_MLFLOW}


def began_with(content: dict) -> str:
    """What training began with; empty for weights that were drawn from a seed."""
    digest, model = content["training"]["weights_digest"], content["model"]
    pretrained = f"timm's pretrained weights of {model['arch']}" if model.get("pretrained") else ""
    return f"the weights in the file with the sha256 {digest}" if digest else pretrained


def _settings(training: dict) -> dict[str, object]:
    """Of the method; of a model that was trained anew, of its training."""
    own = dict(training["params"]) if "method" in training else dict(training["recipe"])
    return own | ({"epochs": training["epochs"]} if "epochs" in training else {})


def alpha_of(version: Version) -> float:
    """Scale of Forgetting that a version is scored at, in its target's unit."""
    return version.require_number("alpha", version.target.alpha)


def _measured(version: Version, forgotten: list[ForgetSet], audit: Audit) -> Iterator[Measured]:
    """Every number, also those that could not be measured: of the audit with interval and verdict, then the others."""
    for row in audit.rows:
        yield Measured(row.metric, _finite(row.version), _end(row.low), _end(row.high), row.unit, row.verdict)
    reference = beside(version, forgotten[-1]).retrained
    audited = {row.metric for row in audit.rows}
    for name, value in score(version, forgotten[-1], alpha_of(version), reference).items():
        if name not in audited:
            yield Measured(name, _finite(value), unit=unit_of(METRICS[name], version.target))


def _finite(value: float) -> float:
    """A number, or not a number: a certificate holds nothing infinite."""
    return value if math.isfinite(value) else math.nan


def _end(bound: float) -> float | None:
    return bound if math.isfinite(bound) else None


def _gated(version: Version) -> Gated:
    """How a version was promoted, by the run that did it."""
    run_id = journal.find_promotion(version.model, version.number) or _untold_promotion(version)
    if not run_id:
        raise InputError(
            f"{version.label} was not promoted, or the run that did it is gone: only what is served, or was, can be certified; "
            f"{command('promote', version.model, version=version.number)}"
        )
    return runs.read_json(run_id, GATES, lambda said: _decided(said, version, run_id))


def _decided(content: dict, version: Version, run_id: str) -> Gated:
    forced = content.get("decision", "forced" if version.tag("forced_by") else "") == "forced"
    return Gated(tuple(map(_decision, content["gates"])), forced, certificates.made_by(run_id).time)


def _untold_promotion(version: Version) -> str:
    """The newest run that promoted this version of this model by these gates, where no journal tells: it may be younger."""
    for run in finished.find_by_tags({"step": "promote"}) if version.tag("promoted_by") else ():
        said, run_id = run["params"], run["run_id"]
        model = said.get("promote.name") or "".join(shlex.split(said.get("name", "")))
        same = (model, said.get("promote.version")) == (version.model, str(version.number))
        if same and run["tags"].get("gates") == version.tag("gates") and not runs.read_json(run_id, GATES).get("dry_run"):
            return run_id
    return ""


def _decision(content: dict) -> Decision:
    value, bound = _finite(content["value"]), _finite(content["bound"])
    return Decision(read_gate(content["gate"]), value, bound, content["passed"])


def earlier_certificates(version: Version) -> tuple[list[bytes], tuple[str, ...]]:
    """The certificates of the line before a version, oldest first, and the names of those that it has lost.

    They are those that the nearest one names, and that one itself, for a verifier asks for all that are named. One that is
    gone, or names one that is, cannot stand there any more; the nearest whose line is whole does.
    """
    given = certificates_before(version)
    named = {name: [*predicate_of(envelope)["earlier"], name] for name, envelope in given.items()}
    chain = next((names for names in named.values() if given.keys() >= set(names)), [])
    tagged = [one.facts.tag(certificates.TAG) for one in line_of(version).steps[1:]]
    known = dict.fromkeys(name for names in (tagged, *named.values()) for name in names if name)
    return [given[name] for name in chain], tuple(name for name in known if name not in chain)


def certificates_before(version: Version) -> dict[str, bytes]:
    """The certificates that are there of the versions that a version comes from, by their sha256, the nearest first.

    Those of deleted versions are among them. One whose run, or whose file there, is gone or was exchanged is not.
    """
    found = {}
    for one in line_of(version).steps[1:]:
        named, run_id = one.facts.tag(certificates.TAG), one.facts.tag("run_id")
        envelope = certificates.read(run_id) if (named or one.gone) and certificates.has(run_id) else b""
        if envelope and (one.gone or digest(envelope) == named):
            found[digest(envelope)] = envelope
    return found


def predicate_of(envelope: bytes) -> dict:
    """What a certificate says; who signed it only ``verify`` tells. InputError when it is none."""
    try:
        payload = open_envelope(envelope).payload
        faults = check_payload(payload)
    except NotAnEnvelopeError as error:
        faults = [str(error)]
    if faults:
        raise InputError(f"the file with the sha256 {digest(envelope)} is no certificate: {'; '.join(faults)}")
    return read(payload)["predicate"]


def picture_names(version: Version, samples: Iterable[str]) -> list[str]:
    """The names of the pictures of some samples: what must not be told."""
    manifest, _ = account_of(version.tag("data_run"))
    return [Path(str(name)).name for name in manifest.file[manifest.id.isin(list(samples))]]
