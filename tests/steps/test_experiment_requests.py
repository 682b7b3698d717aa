"""An experiment on forget sets of the user's own: what is measured, and what the report tells of them."""

from pathlib import Path

import pandas as pd
import pytest

from made import quicken
from reports.reading import Page, pictures
from unlearning.errors import InputError
from unlearning.registry.lookup import all_versions
from unlearning.reports.data_figures import FIGURES
from unlearning.reports.page import CAPTIONS
from unlearning.settings.experiments import ExperimentSettings, ReportSettings, parse_forget_sets
from unlearning.steps import prepare
from unlearning.steps.experiment import experiment
from unlearning.steps.prepare import _log_report
from unlearning.steps.report import report
from unlearning.versions import forget_sets
from unlearning.versions.data import account_of

MODEL = "age-study-demo-seed-0"
LISTED = 12


def quick(patch):
    """The demonstration in one epoch on the faces that other tests use, with copies, and with figures of these."""
    quicken(patch, augment_to=4)
    patch.setattr(prepare, "_log_report", _log_report)  # which other stores do without


@pytest.fixture(scope="module")
def listed(data):
    """File names of some training faces."""
    return sorted(data.manifest.file[(data.manifest.split == "train") & (data.manifest.copy_of == "")])[:LISTED]


@pytest.fixture(scope="module")
def measured_store(fill, empty_store, listed):
    """A store in which ``single`` was measured on drawn and on listed faces; the report lies beside it."""

    def measure():
        Path("request.csv").write_text("\n".join(["file", *listed]))
        with pytest.MonkeyPatch.context() as patch:
            quick(patch)
            rules = parse_forget_sets("random:20; file:request.csv")
            experiment(ExperimentSettings(("single",), "demo", rules, seeds=(0,)))
            report(ReportSettings("demo", str(Path("report").resolve())))

    return fill("requests", empty_store, measure)


@pytest.fixture
def place(use, measured_store):
    use(measured_store)
    return measured_store.parent


@pytest.fixture
def page(place):
    return Page((place / "report" / "report.html").read_text())


def test_every_model_of_the_study_is_measured_on_every_rule(place):
    table = pd.read_csv(place / "report" / "tables" / "single.csv")
    models = {(row.model, row.epochs) for row in table.itertuples()}
    assert set(table.forget_set) == {"random:20", "list request.csv"}
    assert models == {("original", 0), ("retrained", 0), ("ft", 2), ("ft", 8), ("rnd", 2), ("rnd", 8)}
    assert len(table) == 2 * len(models) * table.metric.nunique()


def test_a_list_is_forgotten_with_all_copies(place, listed):
    [asked] = [v for v in all_versions(MODEL) if v.tag("role") == "retrained" and "file:" in v.tag("forget_rule")]
    manifest, _ = account_of(asked.tag("data_run"))
    faces = manifest[manifest.file.isin(listed) & (manifest.copy_of == "")]
    copies = manifest[manifest.copy_of.isin(faces.id)]
    assert len(faces) == LISTED
    assert {*faces.id, *copies.id} <= set(forget_sets.of_version(asked).ids)
    assert asked.tag("forget_rule") == f"file:{place / 'request.csv'}"


def test_the_page_counts_the_faces_of_every_part_and_forget_set(page):
    told = {row[0]: row[1:] for row in page.rows if row}
    faces, copies, together, study = told["forget list request.csv"]
    assert (int(faces), study) == (LISTED, "\N{EN DASH}")
    assert int(faces) + int(copies) == int(together)
    assert told["forget random:20"][0] == "20"
    assert told["train"][3] == "6,470"
    assert sum(int(told[part][0]) for part in ("train", "validation", "test")) == 160
    assert any(text.startswith("Of 160 files, 160 were kept") for text in page.texts)


def test_the_page_shows_the_figures_of_the_data(page):
    assert {told["caption"] for told in CAPTIONS["data"].values()} <= set(page.texts)
    assert {image["id"] for image in page.all("figure")} >= set(FIGURES)


def test_no_report_tells_where_the_list_lies_or_whom_it_names(place, page, listed):
    files = [path for path in (place / "report").rglob("*") if path.is_file()]
    tables = [path for path in files if path.suffix == ".parquet"]
    told = "\n".join([*(path.read_text() for path in files if path not in tables), *pictures(page)])
    assert tables
    assert "list request.csv" in told
    assert str(place) not in told
    assert not [name for name in listed if name in told]
    kept = "\n".join(pd.read_parquet(path).to_csv() for path in tables)
    assert not [name for name in (*listed, str(place)) if name in kept]


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("", ()),
        ("20-28", ("20-28",)),
        ("random:50;random:50; gender:1 & 20-28 ;", ("random:50", "gender:1 & 20-28")),
        ("file:list.csv;file:/there/list.csv", ("file:HERE/list.csv", "file:/there/list.csv")),
        ('20-28 & !file:"a;b.csv";30-40', ('20-28 & !file:"HERE/a;b.csv"', "30-40")),
        ("file:~/list.csv", ("file:~/list.csv",)),
        ("file:hardest:50", ("file:HERE/hardest:50",)),
    ],
)
def test_rules_are_joined_by_semicolons_and_lists_lie_in_the_working_directory(text, rules, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert parse_forget_sets(text) == tuple(rule.replace("HERE", str(tmp_path)) for rule in rules)
    (tmp_path / "my lists").mkdir()
    monkeypatch.chdir(tmp_path / "my lists")
    assert parse_forget_sets("file:list.csv") == (f'file:"{tmp_path}/my lists/list.csv"',), "a path with blanks is quoted"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (" ; ", "names no rule"),
        ("20-28;!(hardest:50)", "means other faces for every seed's model"),
        ('20-28;file:"open', "a quotation mark is open"),
        ("20-28;file:", "nothing stands after file:"),
        ("20-28,30-40", "unknown forget set '20-28,30-40'"),
    ],
)
def test_rules_that_no_experiment_can_take_are_refused(text, words):
    with pytest.raises(InputError, match=words):
        parse_forget_sets(text)


def test_a_rule_is_refused_before_anything_is_trained(store, monkeypatch):
    quick(monkeypatch)
    for rule in ("file:no-such-list.csv", "70-80", "20-60"):
        with pytest.raises(InputError):
            experiment(ExperimentSettings(("single",), "demo", ("random:20", rule), seeds=(0,)))
    assert all_versions(MODEL) == []
