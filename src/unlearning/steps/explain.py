"""explain: which parts of a face carry the answer, in several versions, on the same faces and beside the same baseline."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

import numpy as np
import torch

from unlearning.canonical import nulled
from unlearning.commands import command
from unlearning.data.faces import FaceSet, face_set
from unlearning.data.forget import ForgetSet
from unlearning.errors import InputError
from unlearning.evaluation.audit.audit import handed
from unlearning.evaluation.audit.verdicts import Bounds, Row, judge
from unlearning.evaluation.on_models.attribution import DISTANCE, PLANTED, planted_numbers
from unlearning.evaluation.on_models.handed import ORIGINAL, RETRAINED, SECOND, VERSION, Measured
from unlearning.evaluation.registry import METRICS
from unlearning.explain.attributions import METHODS, asked, baseline_of, integrated_gradients, pictures_of
from unlearning.explain.faithful import curves, randomised, rank_correlation
from unlearning.explain.found import Found, Look
from unlearning.explain.groups import FORGOTTEN, TEST, bands_of, kept_training, parts_of
from unlearning.explain.maps import apart, floor, mean_maps, planted_shares
from unlearning.explain.regions import ALIGNED, DRAWN
from unlearning.progress import say, track
from unlearning.registry.lookup import all_versions, find_or_none, find_version, one_look
from unlearning.registry.version import CHAMPION, GONE, Version
from unlearning.reports.explain_page import explain_page, finding
from unlearning.settings.forgetting import ExplainSettings
from unlearning.steps.compare import called
from unlearning.targets import Target
from unlearning.tracking import runs
from unlearning.versions import forget_sets
from unlearning.versions.lineage import Parent, open_parent
from unlearning.versions.measured import planted_in
from unlearning.versions.references import beside, retrained_reference

PAGE, JSON, MAPS = "explain.html", "explain.json", "explain_maps.parquet"
Rows = dict[str, dict[str, Row]]


def explain(settings: ExplainSettings) -> Found:
    """Explain the versions and the retrained ones beside them, and log page, numbers and mean maps; no version is changed."""
    with runs.run("explain", f"explain {settings.versions}"):
        runs.log_settings("explain", asdict(settings))
        study = _load(settings)
        found = _look(study)
        _log(study, found, _judged(found))
    say(f"explain: {finding(found, study.forget)}")
    return found


@dataclass(frozen=True)
class Study:
    """What is explained.

    Args:
        opened: the versions by what they are called.
        retrained: those of them that never saw the forgotten faces, the reference first.
        baseline: the picture that says nothing, of faces that none of the versions was made to forget.
        injected: does the data have a planted patch?
    """

    opened: Mapping[str, Parent]
    retrained: tuple[str, ...]
    forget: ForgetSet
    parts: Mapping[str, FaceSet]
    baseline: torch.Tensor
    injected: bool
    boxes: str
    target: Target


@one_look()
def _load(settings: ExplainSettings) -> Study:
    chosen = [find_version(settings.name, name) for name in settings.named]
    named = forget_sets.first_that_forgot(chosen)
    forget = forget_sets.asked_for(named, settings.forget_set)
    reference = retrained_reference(named, forget)
    second = beside(reference, forget).retrained
    opened = _called([*chosen, reference, *([second] if second else [])])
    parents = {name: open_parent(version) for name, version in opened.items()}
    _require_alike(parents)
    retrained = [name for name, one in opened.items() if one.uri == reference.uri or _is_retrained(one, forget)]
    faces, never, planting = face_set(parents[retrained[0]].data), _purged(reference.model), planted_in(reference)
    forgotten = [forget, *(earlier for parent in parents.values() for earlier in parent.forgotten)]
    kept = kept_training(faces, forgotten, never)
    parts = parts_of(faces, kept, forget, settings.faces, never, settings.seed)
    return Study(
        parents,
        tuple(sorted(retrained, key=lambda name: opened[name].uri != reference.uri)),
        forget,
        parts,
        baseline_of(kept, torch.device("cuda" if torch.cuda.is_available() else "cpu")),
        bool(planting.inject),
        ALIGNED if planting.data_dir else DRAWN,
        named.target,
    )


def _called(versions: list[Version]) -> dict[str, Version]:
    """Each version once, by what it is called."""
    once = list({one.uri: one for one in versions}.values())
    return dict(zip(called(once), once, strict=True))


def _is_retrained(version: Version, forget: ForgetSet) -> bool:
    return version.tag("role") == "retrained" and version.tag("forget_sha256") == forget.sha256


def _require_alike(opened: Mapping[str, Parent]) -> None:
    """InputError for versions that saw other faces, or faces of another size."""
    (name, first), *others = opened.items()
    for other, parent in others:
        ours, theirs = ((one.data.digest, one.spec.image_size) for one in (first, parent))
        if ours != theirs:
            raise InputError(
                f"{name} was trained on data {ours[0]} of {ours[1]} pixels and {other} on data {theirs[0]} of {theirs[1]}; "
                f"maps of the same faces are compared, so name versions of one kind: {command('status', parent.version.model)}"
            )


def _purged(model: str) -> set[str]:
    """Faces that nobody may look at any more: what the champion has forgotten, once a version that knew it was purged."""
    purged = any(one.tag("state") in GONE for one in all_versions(model))
    return forget_sets.faces_of(find_or_none(model, CHAMPION)) if purged else set()


def _look(study: Study) -> Found:
    bands = bands_of(study.parts[TEST].frame, study.target)
    opened = list(study.opened.items())
    looks = {name: _look_at(parent, study, bands) for name, parent in track(opened, len(opened), "explaining versions")}
    counts = {name: len(part) for name, part in study.parts.items()} | {name: len(rows) for name, rows in bands.items()}
    return Found(looks, study.retrained, counts, study.boxes, study.target)


def _look_at(parent: Parent, study: Study, bands: Mapping[str, np.ndarray]) -> Look:
    """Maps of all members; whether they tell the truth is measured on the first."""
    ensemble, baseline, test = parent.ensemble(), study.baseline, study.parts[TEST]
    skipped = ensemble.aggregate.without
    members = [one.to(baseline.device) for place, one in enumerate(ensemble.members) if place not in skipped]
    maps = {name: mean_maps(members, study.parts, bands, baseline, method) for name, method in METHODS.items()}
    nothing = mean_maps([randomised(members[0])], {TEST: test}, {}, baseline, integrated_gradients)[TEST][0]
    network, labels = asked(members[0], test, baseline.device)
    return Look(
        parent.version.tag("role"),
        maps,
        curves(network, pictures_of(test, baseline.device), baseline, integrated_gradients, labels),
        rank_correlation(maps["gradients"][TEST][0], nothing),
        planted_shares(members, test, baseline) if study.injected else np.empty(0),
    )


def _judged(found: Found) -> Rows:
    """By group, or by ``PLANTED``, each version beside the retrained ones, with floor and verdict."""
    original = next((name for name, look in found.looks.items() if look.role == "original"), "")
    rows: Rows = {}
    for group, count in found.groups.items():
        retrained = found.members(group)
        far = {name: apart(look.maps["gradients"][group], retrained) for name, look in found.looks.items()}
        beside_it = {RETRAINED: 0.0, SECOND: floor(retrained)} | ({ORIGINAL: far[original]} if original else {})
        rows[group] = {name: _row(DISTANCE, beside_it | {VERSION: far[name]}, count) for name in found.others()}
    if len(found.looks[found.retrained[0]].planted):
        shares = planted_numbers({name: look.planted for name, look in found.looks.items()})
        roles = dict(zip((RETRAINED, SECOND), found.retrained, strict=False)) | ({ORIGINAL: original} if original else {})
        beside_it = shares | {role: shares[name] for role, name in roles.items()}
        rows[PLANTED] = {
            name: _row(PLANTED, beside_it | {VERSION: shares[name]}, found.groups[TEST]) for name in found.others()
        }
    return rows


def _row(name: str, values: Mapping[str, float], count: int) -> Row:
    """A number with its verdict, as the audit gives it to what is measured on models: none of them decides."""
    metric, bounds = METRICS[name], Bounds()
    four = (values.get(role, math.nan) for role in (ORIGINAL, RETRAINED, SECOND, VERSION))
    row = Row(name, metric.part, metric.kind, metric.unit, metric.better, *four, count=count)
    row = handed(replace(row, gap=row.version - row.retrained), Measured({name: values}), bounds)
    return judge(row, metric, {"second": "there is no second retrained seed, so what chance does is not known"}, bounds)


def _log(study: Study, found: Found, rows: Rows) -> None:
    forget_sets.log([study.forget])
    told = {"groups": dict(found.groups), "retrained": list(found.retrained)}
    told |= {"checks": found.checks(), "seeds_alike": found.seeds_alike()}
    told["judged"] = {
        group: {
            name: {key: getattr(row, key) for key in ("version", "second", "floor", "verdict", "reason")}
            for name, row in own.items()
        }
        for group, own in rows.items()
    }
    runs.log_json(nulled(told | {"shares": found.shares().to_dict("records")}), JSON)
    runs.log_table(found.cells(), MAPS)
    runs.log_text(explain_page(found, rows, study.forget), PAGE)
    for metric, group in ((DISTANCE, FORGOTTEN), (PLANTED, PLANTED)):
        runs.log_numbers({f"{name}/{metric}": row.version for name, row in rows.get(group, {}).items()})
