"""The proof of a purge: what was found, what was removed, what is there now, and what no purge can reach."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

from unlearning.markdown import bullets, table, text
from unlearning.naming import counted
from unlearning.purge.rules import Deed, File

ROWS_SOURCE = "what MLflow's API shows"  # where ``purge.store`` counts
OUT_OF_REACH = (
    "backups and snapshots of the artifact store, of the database and of this machine, and old versions that a bucket "
    "keeps where versioning is switched on (docs/scale.md, Artifacts in S3)",
    "copies that were downloaded, exported, mailed or registered in another store, and what was made from them",
    "processes that have the model in memory, as MLflow's own server (mlflow models serve): restart it. Servers of this "
    "project give it up, and those that have not are named",
    "caches and temporary folders of other users and of other machines, as those that fetched files from a server",
    "the blocks of a disk until they are written over: deleting a file does not do that",
)
STAYS = (
    "the image folder: it is the user's. What lies in it is read into the cache again by the next command that needs the data",
    "the account of the data (data/manifest.csv of the run of prepare): id, file name, age, gender and race of every face",
    "the forget manifests (forget/*.json): ids of the forgotten faces, by which gates and certificates know them",
    "the rules as they were typed, in tags",
    "the prediction tables of the champion and of every other version that was not purged: id, age and predicted age of all "
    "faces, the forgotten ones included, by which those versions are measured",
    "versions that are made from this one, and what they have learned from it",
    "of these, the account, the manifests and the tables stay readable for everybody who reads the store, unless they were "
    "sealed: -P people=true",
)


@dataclass(frozen=True)
class Report:
    """What a purge did.

    Args:
        remembered: faces that it remembered and the champion was made to forget, by rule.
        before: files that were found; ``after``: those that are there now.
        rows_before: how many entries there are of the version (``purge.store``); ``rows_after``: when the files were gone.
        losses: what cannot be done any more, in sentences.
        notes: what else was found, in sentences.
        refused: what was not deleted and why, in sentences.
        is_ended: is it the proof of a purge that came to its end? Otherwise it is the plan.
    """

    model: str
    number: int
    label: str
    deed: Deed
    remembered: dict[str, int]
    before: list[File]
    after: list[File] = field(default_factory=list)
    rows_before: dict = field(default_factory=dict)
    rows_after: dict = field(default_factory=dict)
    losses: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    is_ended: bool = False

    @property
    def removed(self) -> list[File]:
        """What was there, should go and is gone."""
        there = {(file.place, file.path) for file in self.after}
        return [file for file in self.before if file.goes and (file.place, file.path) not in there] if self.is_ended else []

    @property
    def left(self) -> list[File]:
        """What should go and is there."""
        return [file for file in self.after if file.goes]

    @property
    def kept(self) -> list[File]:
        """The evidence."""
        return [file for file in (self.after if self.is_ended else self.before) if not file.goes]

    def ended(self, after: list[File], rows: dict, refused: list[str], notes: list[str]) -> Report:
        """The proof, with what was found afterwards."""
        notes = [*self.notes, *notes]
        return replace(self, after=after, rows_after=rows, refused=refused, notes=notes, is_ended=True)

    @property
    def verdict(self) -> str:
        """The outcome in one sentence."""
        if not self.is_ended:
            going = [file for file in self.before if file.goes]
            return f"The purge of {self.label} of {self.model} was begun: {describe(going)} are to go."
        if self.left or self.refused:
            return f"The purge of {self.label} of {self.model} is NOT complete: {describe(self.left)} are still there."
        if not self.removed:
            return f"Nothing of {self.label} of {self.model} was left to be removed."
        return f"{self.label} of {self.model} is purged: {describe(self.removed)} were removed and are not there any more."

    def as_dict(self) -> dict:
        """The report as JSON holds it."""
        about = {"model": self.model, "version": self.number, "label": self.label, "verdict": self.verdict}
        about |= {"ended": self.is_ended} | vars(self.deed)
        files = {name: [vars(file) for file in getattr(self, name)] for name in ("before", "after", "removed", "left", "kept")}
        rows = {"source": ROWS_SOURCE, "before": self.rows_before, "after": self.rows_after}
        said = {"remembered": self.remembered, "losses": self.losses, "notes": self.notes, "refused": self.refused}
        return about | said | {"files": files, "rows": rows, "stays": list(STAYS), "out_of_reach": list(OUT_OF_REACH)}

    def as_markdown(self) -> str:
        """The report for people."""
        parts = [f"# Purge of {text(self.model)}/{self.number}", text(self.verdict)]
        reason = [f"reason: {self.deed.reason}"] if self.deed.reason else []
        parts += [bullets([f"{self.deed.time} by {self.deed.user}, run {self.deed.run}", *reason])]
        parts += ["## What it remembered", self._remembered()]
        for title, files in (("Removed", self.removed), ("STILL THERE", self.left), ("Kept as evidence", self.kept)):
            parts += [f"## {title}", f"{text(describe(files))}.", _table(files)] if files else []
        for title, sentences in (
            ("Not deleted, and why", self.refused),
            ("Found besides", self.notes),
            ("What cannot be done any more", self.losses),
            ("What stays on purpose", STAYS),
            ("What is out of reach", OUT_OF_REACH),
        ):
            parts += [f"## {title}", bullets(sentences)] if sentences else []
        return "\n\n".join(part for part in [*parts, *self._rows()] if part) + "\n"

    def _remembered(self) -> str:
        if not self.remembered:
            return "Nothing that the champion was made to forget, as far as the registry tells."
        asked = "that the champion was made to forget"
        return bullets([f"{rule}: {counted(count, 'face')} {asked}" for rule, count in self.remembered.items()])

    def _rows(self) -> list[str]:
        parts = [f"## Rows, by {ROWS_SOURCE}"] if self.rows_before else []
        for part, before in self.rows_before.items():
            after = self.rows_after.get(part, {})
            rows = [(text(name), str(before.get(name, 0)), str(after.get(name, 0))) for name in sorted(before | after)]
            parts += [table((part, "before", "after"), rows, ("before", "after"))] if rows else []
        return parts


def describe(files: list[File]) -> str:
    """How many files of each kind, and how large."""
    counts = Counter(file.kind for file in files)
    kinds = ", ".join(f"{count} {kind}" for kind, count in counts.items())
    size = sum(file.size for file in files)
    return counted(len(files), "file") + (f" ({kinds}; {size:,} bytes)" if files else "")


def _table(files: list[File]) -> str:
    rows = [(text(f.place), text(f.path), text(f.kind), str(f.size), f"`{text(f.sha256)}`") for f in files]
    return table(("where", "file", "what", "bytes", "sha256"), rows, ("bytes",))
