"""status: which version is served, what each was made to forget, what was shown, and whether the registry says one thing."""

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path

from unlearning import markdown
from unlearning.commands import command, spelt
from unlearning.data.unfinished import everything
from unlearning.errors import InputError
from unlearning.finding import FORGOTTEN, forgotten_names, in_words
from unlearning.jobs import artifact_copy
from unlearning.listing import Listing, width
from unlearning.naming import choose
from unlearning.progress import say
from unlearning.registry import servers
from unlearning.registry.lookup import all_versions, missing
from unlearning.registry.servers import Server
from unlearning.registry.version import CHAMPION, ORIGINAL, Version
from unlearning.repair.mending import examine
from unlearning.reports.lineage_page import lineage_page
from unlearning.settings.registry import StatusSettings
from unlearning.targets import AGE
from unlearning.tracking import runs
from unlearning.tracking.reasons import LOOK
from unlearning.tracking.store import prepare_store

COLUMNS = (
    *("version", "role", "stage", "aliases", "forget_set", "epochs", "test_mae", "Utility", "Forgetting", "F", "seconds"),
    *("state", "verdict", "memory_left", "reference"),
)
NUMBERS = ("test_mae", "Utility", "Forgetting", "F", "seconds", "memory_left")
INTERVAL = ("memory_left_low", "memory_left_high")
LEAST = ("reference", "stage", "seconds", "epochs", "Utility", "test_mae", "role", "Forgetting", "F", "forget_set")
ON_SCREEN = 200
UNFINISHED = (
    "the same command goes on with it; what is kept of it remembers faces, and a purge of a version on its data (of any, where "
    "its note is lost) erases it"
)
TELLING = {CHAMPION, ORIGINAL, FORGOTTEN}
WHOLE = "checked: stages, aliases, tags and descriptions are what the journal says"


@dataclass(frozen=True)
class Look:
    """What there is to show.

    Args:
        rows: one a version, as ``_row`` makes them.
        found: inconsistencies in sentences; None when nobody asked.
        journal: where the journal is, and how long; empty without one.
        mends: can ``repair`` put any of it right?
        servers: who answers with what, as far as the registry hears of them.
    """

    name: str
    rows: list[dict]
    found: list[str] | None = None
    journal: dict[str, str] | None = None
    mends: bool = False
    servers: tuple[Server, ...] = ()

    def served(self) -> list[str]:
        """Which servers answer with what, line by line."""
        return [one.sentence for one in self.servers]

    def verdict(self) -> list[str]:
        """What a check found, line by line; nothing when nobody asked."""
        return [] if self.found is None else self.found or [WHOLE]


def show(settings: StatusSettings) -> None:
    """Print the registry's table for a terminal, for programs or as a page, or write it to a file.

    Reading needs no right to write: outside of ``mlflow run`` no run is opened. InputError when a check found something, which
    has been shown by then.
    """
    prepare_store()
    with runs.run_if_launched("status", f"status of {settings.name}"):
        if runs.launched():
            runs.set_tags(LOOK)
        look = look_at(settings.name, settings.check)
        text = render(look, settings.format)
        if settings.check:
            for work in everything():
                say(f"status: {work.step} ({work.name}, run {work.run_id}) is not finished: {UNFINISHED}")
            for run in artifact_copy.everywhere():
                say(f"status: run {run.info.run_id} ({run.info.run_name}) is not finished; its checkpoint lies beside it")
        if runs.launched():
            runs.log_text(_as_json(look), "status.json")
            if settings.format == "html":
                runs.log_text(text, "status.html")
        _deliver(text, settings)
        _refuse(look)


def _deliver(text: str, settings: StatusSettings) -> None:
    if settings.out:
        path = Path(settings.out).expanduser()
        path.write_text(text + "\n", encoding="utf-8")
        say(f"status: written to {path.resolve()}")
    elif settings.format == "html" and runs.launched():
        say(f"status: the page is the artifact status.html of run {runs.active_id()}; -P out=FILE writes it to a file as well")
    else:
        print(text)


def _refuse(look: Look) -> None:
    if look.found:
        count = f"{len(look.found)} inconsistenc{'y' if len(look.found) == 1 else 'ies'}"
        what = (
            f"put them right, on record, with: {command('repair', look.name)}" if look.mends else "each says what can be done"
        )
        raise InputError(f"the registry has {count}; {what}")


def look_at(name: str, check: bool = False) -> Look:
    if not check:
        return Look(name, _rows(name, all_versions(name)), servers=tuple(servers.live(name)))
    seen = examine(name)
    kept = seen.journal
    journal = {"run": kept.run_id, "entries": str(len(kept.entries)), "head": kept.head} if kept else {}
    return Look(name, _rows(name, seen.versions), seen.found, journal, seen.mends, tuple(servers.live(name)))


def _rows(name: str, versions: list[Version]) -> list[dict]:
    if not versions:
        raise missing(name)
    rules = {v.tag("forget_set"): v.tag("forget_rule") for v in versions if v.tag("forget_rule")}
    return [_row(version, rules) for version in versions]


def _row(version: Version, rules: dict[str, str]) -> dict:
    row = {column: version.tag(column) or None for column in COLUMNS}
    row |= {"version": version.number, "stage": version.stage, "aliases": list(version.aliases)}
    row |= _unit(version)
    row["forget_set"] = version.tag("forget_rule", version.tag("forget_set")) or None
    known = {name: version.number_in(name) for name in (*NUMBERS, *INTERVAL)}
    row |= {name: None if math.isnan(value) else value for name, value in known.items()}
    parent = version.tag("parent_version")
    row |= {"parent": int(parent) if parent.isdecimal() else None, "method": version.tag("method")}
    forgotten = [rules.get(one, one) for one in forgotten_names(version.tags)]
    return row | {"forgotten": forgotten, "found": in_words(version.tags), "finding": version.tag("finding")}


def _unit(version: Version) -> dict[str, str]:
    """The unit of its errors where that is not years; a tag that was written over hides no row."""
    try:
        return {} if version.target == AGE else {"unit": version.target.unit}
    except InputError:
        return {}


def _text(column: str, value) -> str:
    if value is None or value == "none":
        return "-"
    if column in ("seconds", "memory_left"):
        return f"{round(value)}" + (" %" if column == "memory_left" else "")
    return ", ".join(value) if isinstance(value, list) else f"{value:.3f}" if column in NUMBERS else str(value)


def render(look: Look, format: str) -> str:
    return choose({"table": _as_table, "json": _as_json, "markdown": _as_markdown, "html": _as_page}, format, "format")(look)


def _as_json(look: Look) -> str:
    content = {"model": look.name, "versions": look.rows, "servers": [asdict(one) for one in look.servers]}
    return json.dumps(content | ({} if look.found is None else {"found": look.found, "audit_log": look.journal}), indent=1)


def _as_markdown(look: Look) -> str:
    rows = [[markdown.text(_text(column, row[column])) for column in COLUMNS] for row in look.rows]
    found = markdown.bullets([*look.served(), *look.verdict()])
    return markdown.table(COLUMNS, rows) + (f"\n\n{found}" if found else "")


def _on_screen(rows: list[dict]) -> list[dict]:
    """Of more versions than anybody scrolls through: what is served, what it all began with, and the newest."""
    if len(rows) <= ON_SCREEN:
        return rows
    by_weight = sorted(rows, key=lambda row: (not TELLING & set(row["aliases"]), -row["version"]))
    return sorted(by_weight[:ON_SCREEN], key=lambda row: row["version"])


def _as_table(look: Look) -> str:
    rows = _on_screen(look.rows)
    table = Listing(
        f"registered model {look.name}",
        COLUMNS,
        [[_text(column, row[column]) for column in COLUMNS] for row in rows],
        whole=("version", "epochs", *NUMBERS),
        least=LEAST,
        bold=[number for number, row in enumerate(rows) if "champion" in row["aliases"]],
        more=f"; {spelt(format='markdown')} shows all",
    )
    hidden = len(look.rows) - len(rows)
    more = [f"{hidden} older versions are not shown; {spelt(format='json')}, markdown or html shows all"] if hidden else []
    return "\n".join([table.fitted(width()), *more, *look.served(), *look.verdict()])


def _as_page(look: Look) -> str:
    rows = [row | {"shown": {column: _text(column, row[column]) for column in COLUMNS}} for row in look.rows]
    return lineage_page(look.name, COLUMNS, rows, look.found, look.served())
