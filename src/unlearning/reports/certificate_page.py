"""The page about a certificate: what was forgotten, how well, what that proves and what not, and how to check it."""

from __future__ import annotations

from unlearning.canonical import read
from unlearning.certificates.envelope import digest, open_envelope
from unlearning.certificates.statement import WITHHELD
from unlearning.finding import CROSSFIT, RETRAINED
from unlearning.reports.charts import counted
from unlearning.reports.page import page
from unlearning.reports.words import NONE, shown

TEMPLATE = "certificate_page.html.jinja"
DECIMALS = {"years": 2, "seconds": 1}
RATIO_DECIMALS = 3
DECISIONS = {
    "passed": "The version passed every gate.",
    "forced": "The version did not pass every gate, and was promoted on somebody's word.",
    "failed": "The version did not pass every gate.",
    "none": "There was no gate to pass.",
}
BY = {
    RETRAINED: "It was judged beside a model that was retrained without the samples.",
    CROSSFIT: "It was judged beside models that never saw the samples, those of a cross-fitting.",
    "none": "There was no reference to judge it by.",
}


def certificate_page(envelope: bytes) -> str:
    """The page as HTML text; it prints on paper as it stands, or into a PDF by the browser.

    The page itself is not signed, and says so. Whatever calls this verifies the certificate first (``certificates.verify``).

    Args:
        envelope: the certificate's file.

    Raises:
        NotAnEnvelopeError: it is none.
    """
    signed = open_envelope(envelope)
    statement = read(signed.payload)
    predicate = statement["predicate"]
    return page(
        TEMPLATE,
        headline=headline(predicate),
        predicate=predicate,
        made=made(predicate),
        finding=_finding(predicate.get("finding")),
        decision=DECISIONS[predicate["gates"]["decision"]],
        percent=f"{float(predicate['interval_level']) * 100:g} %",
        metrics=[_metric(each) for each in predicate["metrics"]],
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


def _finding(found: dict | None) -> str:
    """The verdict as a sentence; nothing of a certificate from before findings were certified."""
    return f"{found['sentence']} {BY[found['reference']]}" if found else ""


def made(predicate: dict) -> dict[str, str]:
    """How the version was made, by what it is."""
    parent, method = predicate["parent"], predicate["method"]
    kind = "approximate" if method["approximate"] else "exact"
    settings = ", ".join(f"{name}={value}" for name, value in method["settings"].items())
    times = sorted((time, name.replace("_", " ").capitalize()) for name, time in predicate["times"].items())
    return {
        "Made from": f"version {parent['version']} of {parent['name']}",
        "Method": f"{method['name']} ({kind})",
        "Settings": settings or NONE,
        "Forget rule": predicate["forget_set"]["rule"],
        **{name: time.replace("T", " ").replace("Z", " UTC") for time, name in times},
        "Data": predicate["data_digest"],
        "Code": predicate["code_version"],
        "Weights": predicate["model"]["weights_digest"],
        "Weights before": parent["weights_digest"],
        "Merkle root of the samples": predicate["forget_set"]["merkle_root"],
        "Earlier certificates": ", ".join(predicate["earlier"]) or NONE,
    }


def _metric(measured: dict) -> dict:
    decimals = DECIMALS.get(measured["unit"], RATIO_DECIMALS)
    value, low, high = (shown(float(measured[name] or "nan"), decimals) for name in ("value", "low", "high"))
    interval = NONE if measured["low"] is None or measured["high"] is None else f"{low} to {high}"
    value = f"{value} {measured['unit']}".strip()
    return {"name": measured["metric"], "value": value, "interval": interval, "verdict": measured["verdict"] or NONE}


def _gate(decided: dict) -> dict:
    value, bound = (shown(float(decided[name]), RATIO_DECIMALS) for name in ("value", "bound"))
    return {"gate": decided["gate"], "value": value, "bound": bound, "verdict": "passed" if decided["passed"] else "failed"}
