"""The page about a certificate: what was forgotten, how well, what that proves and what not, and how to check it."""

from __future__ import annotations

from unlearning.canonical import read
from unlearning.certificates.envelope import digest, open_envelope
from unlearning.certificates.statement import WITHHELD
from unlearning.finding import CROSSFIT, EXACT, RETRAINED
from unlearning.naming import counted
from unlearning.reports.audit_page import in_two
from unlearning.reports.page import page
from unlearning.reports.words import NONE, decimals_of, metric_title, shown
from unlearning.targets import AGE, Target

TEMPLATE = "certificate_page.html.jinja"
GATE_DECIMALS = 3
DECISIONS = {
    "passed": "The version passed every gate.",
    "forced": "The version did not pass every gate, and was promoted on somebody's word.",
    "failed": "The version did not pass every gate.",
    "none": "There was no gate to pass.",
}
BY = {
    RETRAINED: "a reference that was retrained without the samples",
    CROSSFIT: "a reference that never saw the samples, that of the cross-fitting",
    "none": "no reference",
}
KINDS = {True: "approximate", False: "exact"}


def certificate_page(envelope: bytes, target: Target = AGE) -> str:
    """The page as HTML text: a sheet of A4 with everything else folded away, on paper and in a PDF of the browser as well.

    The page itself is not signed, and says so. Whatever calls this verifies the certificate first (``certificates.verify``).

    Raises:
        NotAnEnvelopeError: it is none.
    """
    signed = open_envelope(envelope)
    statement = read(signed.payload)
    predicate = statement["predicate"]
    percent = f"{float(predicate['interval_level']) * 100:g} %"
    lead, basis = in_two(predicate["finding"]["sentence"]) if "finding" in predicate else ("", "")
    return page(
        TEMPLATE,
        headline=headline(predicate),
        predicate=predicate,
        lead=lead,
        basis=basis,
        told=told(predicate, percent),
        made=made(predicate),
        percent=percent,
        metrics=[_metric(each, target) for each in predicate["metrics"]],
        gates=[_gate(each) for each in predicate["gates"]["decided"]],
        files={subject["name"]: subject["digest"]["sha256"] for subject in statement["subject"]},
        digest=digest(envelope),
        keys=[name for name, _ in signed.signatures],
    )


def headline(predicate: dict) -> str:
    """Which version was made to forget how many samples, in one sentence."""
    model, forgotten = predicate["model"], predicate["forget_set"]
    samples = counted(int(forgotten["count"]), "sample")
    rule = "" if forgotten["rule"] == WITHHELD else f", those of the rule {forgotten['rule']}"
    return f"Version {model['version']} of the model {model['name']} was made to forget {samples}{rule}."


def told(predicate: dict, percent: str) -> dict[str, str]:
    """What stands at the top beside the sentence; certificates from before findings were certified tell no memory left."""
    found, kind = predicate.get("finding"), KINDS[predicate["method"]["approximate"]]
    first = {"Memory left": left(found, percent), "Judged by": BY[found["reference"]]} if found else {}
    how = f"from version {predicate['parent']['version']}, by {kind} unlearning"
    issued = _time(predicate["times"].get("issued", NONE))
    return first | {"Made": how, "Gates": DECISIONS[predicate["gates"]["decision"]], "Signed on": issued}


def left(found: dict, percent: str) -> str:
    """Memory left of a finding, in words: 100 % is the original, 0 % a model that never saw the samples."""
    if found["verdict"] == EXACT:
        return "exact: it was trained without the samples"
    value, low, high = (shown(float(found[name]), 0) for name in ("memory_left", "low", "high"))
    if value == NONE:
        return "not known"
    interval = "" if NONE in (low, high) else f", {percent} interval {low} to {high}"
    return f"{value} %{interval} (100 % remembers as the original does, 0 % as if never seen)"


def _time(moment: str) -> str:
    return moment.replace("T", " ").replace("Z", " UTC")


def made(predicate: dict) -> dict[str, str]:
    """How the version was made, by what it is."""
    parent, method = predicate["parent"], predicate["method"]
    settings = ", ".join(f"{name}={value}" for name, value in method["settings"].items())
    times = sorted((time, name.replace("_", " ").capitalize()) for name, time in predicate["times"].items())
    return {
        "Made from": f"version {parent['version']} of {parent['name']}",
        "Method": f"{method['name']} ({KINDS[method['approximate']]})",
        "Settings": settings or NONE,
        "Predicts": predicate.get("target", AGE.axis),
        "Forget rule": predicate["forget_set"]["rule"],
        **{name: _time(time) for time, name in times},
        "Data": predicate["data_digest"],
        "Code": predicate["code_version"],
        "Weights": predicate["model"]["weights_digest"],
        "Weights before": parent["weights_digest"],
        "Merkle root of the samples": predicate["forget_set"]["merkle_root"],
        "Earlier certificates": ", ".join(predicate["earlier"]) or NONE,
    }


def _metric(measured: dict, target: Target) -> dict:
    decimals = decimals_of(measured["unit"])
    value, low, high = (shown(float(measured[name] or "nan"), decimals) for name in ("value", "low", "high"))
    interval = NONE if measured["low"] is None or measured["high"] is None else f"{low} to {high}"
    value = f"{value} {measured['unit']}".strip()
    name, verdict = measured["metric"], measured["verdict"] or NONE
    return {"title": metric_title(name, target), "name": name, "value": value, "interval": interval, "verdict": verdict}


def _gate(decided: dict) -> dict:
    value, bound = (shown(float(decided[name]), GATE_DECIMALS) for name in ("value", "bound"))
    return {"gate": decided["gate"], "value": value, "bound": bound, "verdict": "passed" if decided["passed"] else "failed"}
