"""Faces and dials as data of a target: what is read, refused, and forgotten by its labels."""

from dataclasses import replace

import pandas as pd
import pytest

from dials import draw_dials
from forgetting import forget_set
from unlearning.data.forget import Known, check, resolve
from unlearning.data.manifest import prepare
from unlearning.data.rules import parse
from unlearning.data.settings import DataSettings
from unlearning.errors import InputError
from unlearning.progress import untold
from unlearning.settings.training import TrainSettings
from unlearning.targets import AGE, Classes, Numeric

SIDE = 32
NUMBERS = {"target": "hand", "unit": "degrees", "range": "0-180"}


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return draw_dials(tmp_path_factory.mktemp("dials") / "dials", 60)


@pytest.fixture(scope="module")
def dials(table):
    return prepare(DataSettings(str(table), **NUMBERS), SIDE, untold)


@pytest.fixture(scope="module")
def plates(table):
    return prepare(DataSettings(str(table), target="plate", task="classes"), SIDE, untold)


def forgotten(data, rule):
    return resolve(rule, Known(data.manifest, data.rejected, target=data.target), data.digest).ids


def labels(data, ids):
    return data.manifest.label[data.manifest.id.isin(ids)]


def test_a_column_of_a_table_is_what_is_predicted_and_its_digest_is_its_own(dials, plates):
    assert dials.target == Numeric("hand", "degrees", 0.0, 180.0)
    assert plates.target == Classes("plate", ("blue", "light", "red"))
    assert (dials.manifest.age == -1).all()
    assert dials.manifest.label.between(0, 180).all()
    assert set(plates.manifest.label) == {0, 1, 2}
    assert dials.digest != plates.digest


def test_a_rule_takes_ranges_of_a_number_and_classes_by_name(dials, plates):
    assert labels(dials, forgotten(dials, "30-60")).between(30, 60).all()
    assert len(forgotten(dials, "20-120")) > len(forgotten(dials, "label:45.5-55.5")) > 0
    assert set(labels(plates, forgotten(plates, "label:red | label:blue"))) == {0, 2}
    with pytest.raises(InputError, match=r"plate has no class 'rd' \(did you mean 'red'\?\); its classes are blue, light, red"):
        forgotten(plates, "label:rd")
    with pytest.raises(InputError, match="hand has no class 'red'; it has numbers: label:20-28"):
        forgotten(dials, "label:red")
    assert forgotten(dials, "group:0") == forgotten(dials, "20-28")


def test_a_class_is_named_whatever_signs_it_has():
    named = {name: place for place, name in enumerate(("20-28", '7" plate', "a:b", "dog", "x & y"))}
    faces = pd.DataFrame({"label": named.values(), "age": -1})
    known = Known(faces, faces, target=Classes("breed", tuple(named)))
    for rule in ("label:20-28", 'label:"7 plate"', "label:a:b", "label:dog", 'label:"x & y"'):
        assert parse(rule)(known).nonzero()[0].tolist() == [
            named[rule.removeprefix("label:").replace("7 ", '7" ', 1).strip('"')]
        ]


def test_a_range_below_zero_is_a_label_and_who_forgets_that_is_told():
    faces = pd.DataFrame({"label": [-15.0, 0.0, 30.0], "age": -1})
    known = Known(faces, faces, target=Numeric("temp", "degrees", -20.0, 40.0))
    assert parse("label:-20--10")(known).tolist() == [True, False, False]
    with pytest.raises(InputError, match=r"'-20--10' is no rule \(did you mean label:-20--10\?\)"):
        parse("-20--10")


def test_an_empty_forget_set_is_told_by_what_the_data_has(dials, plates):
    for data, rule, there in (
        (dials, "200-300", "hand goes from .* to .* in the data"),
        (plates, "20-28", "the data has no ages; a class of plate is named by label:CLASS"),
    ):
        with pytest.raises(InputError, match=there):
            check(
                data.manifest,
                resolve(rule, Known(data.manifest, data.rejected, target=data.target), data.digest),
                [],
                data.target,
            )


def test_numbers_keep_their_shares_in_a_reduction_and_get_copies_by_sixtieths_of_the_range(table, dials):
    half = prepare(DataSettings(str(table), **NUMBERS, fraction=0.5), SIDE, untold).manifest.label
    assert half.mean() == pytest.approx(dials.manifest.label.mean(), abs=15)
    copied = prepare(DataSettings(str(table), **NUMBERS, augment_to=2), SIDE, untold).manifest
    sixtieths = (copied.label[copied.split == "train"] // 3).value_counts()
    assert sixtieths.min() == 2
    assert sixtieths.max() == (dials.manifest.label[dials.manifest.split == "train"] // 3).value_counts().max()


def test_classes_that_no_training_face_has_are_known(plates, dials):
    assert plates.untrained == dials.untrained == []
    assert replace(plates, manifest=plates.manifest[plates.manifest.label != 0]).untrained == ["blue"]


def test_columns_with_the_same_classes_by_number_are_other_data(table, plates):
    text = table.read_text()
    other = table.with_name("renamed.csv")
    other.write_text(text.replace("red", "scarlet"))
    renamed = prepare(DataSettings(str(other), target="plate", task="classes"), SIDE, untold)
    assert (renamed.manifest.label == plates.manifest.label).all()
    assert renamed.digest != plates.digest


def test_names_of_files_give_gender_and_race_and_a_range_means_ages_then(data):
    by_gender = prepare(DataSettings(drawn_faces=160, target="gender"), SIDE, untold)
    assert by_gender.target == Classes("gender", ("male", "female"))
    assert (by_gender.manifest.label == by_gender.manifest.gender).all()
    assert by_gender.digest != data.digest
    assert forgotten(by_gender, "20-28") == forget_set("20-28", data.manifest).ids
    assert forgotten(by_gender, "label:female") == forgotten(by_gender, "gender:female")
    race = prepare(DataSettings(drawn_faces=160, target="race"), SIDE, untold)
    assert race.target.classes == ("White", "Black", "Asian", "Indian", "Other")


def test_labels_that_cannot_be_read_are_told_by_file(table, tmp_path):
    text = table.read_text().splitlines()
    some = text[:1] + [line.replace(line.split(",")[1], "far") for line in text[1:5]] + text[5:]
    other = table.with_name("other.csv")
    other.write_text("\n".join(some))
    data = prepare(DataSettings(str(other), **NUMBERS), SIDE, untold)
    assert (data.rejected.reason == "hand is not a number").sum() == 4
    with pytest.raises(InputError, match=r"cannot be used: hand is not in the range; legal: 0 to 20, by -P range"):
        prepare(DataSettings(str(table), target="hand", range="0-20"), SIDE, untold)
    with pytest.raises(InputError, match="has no column colour; it has path, hand, plate"):
        prepare(DataSettings(str(table), target="colour", task="classes"), SIDE, untold)
    with pytest.raises(InputError, match=r"the image folder .*gone\.csv does not exist; give a folder"):
        prepare(DataSettings(str(table.with_name("gone.csv")), **NUMBERS), SIDE, untold)
    with pytest.raises(InputError, match="is no table, so it has no column hand; names of files hold age, gender, race"):
        prepare(DataSettings(str(table.parent), **NUMBERS), SIDE, untold)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"target": "age", "unit": "months"}, "target=age is in years, so unit cannot be given"),
        ({"target": "bone age"}, "target='bone age' is no column to predict; legal: letters"),
        ({"target": "subject"}, "target='subject' is no column to predict"),
        ({"target": "mae", "task": "classes"}, "target='mae' is no column to predict"),
        ({"target": "Gender"}, "target='Gender' is written otherwise; give target=gender"),
        ({"target": "race", "unit": "words"}, "race has classes, which have neither unit nor range; leave unit and range out"),
        ({"target": "hand"}, "the range of hand is not known; give smallest and largest number"),
        ({"target": "hand", "range": f"0-{'9' * 400}"}, "cannot be read; legal: a lower and a higher number up to"),
        ({"target": "hand", "range": "1000000-1000001"}, "take the column less 1e\\+06, and the range 0-1"),
        ({"target": "hand", "range": "0-1", "unit": "a\nb"}, "is no unit; legal: a word on one line"),
        ({"target": "hand", "range": "9-1"}, "range='9-1' cannot be read; legal: a lower and a higher number"),
        ({"target": "gender", "task": "numeric"}, "target=gender has classes, not task=numeric; leave task out"),
        ({"target": "plate", "task": "classes", "range": "0-1"}, "plate has classes, which have neither unit nor range"),
        ({"target": "hand", "range": "0-1", "task": "guess"}, "task='guess' is not known; legal: , numeric, classes"),
        ({"target": "gender", "confuse": "20-28,52-60"}, "signals are planted in ages, and target=gender is none"),
    ],
)
def test_what_is_no_target_is_refused_in_a_sentence(settings, sentence):
    with pytest.raises(InputError, match=sentence):
        DataSettings("faces.csv", **settings)


def test_drawn_faces_have_no_other_column():
    with pytest.raises(InputError, match="drawn faces have no hand; give a table with that column"):
        DataSettings(**NUMBERS)


def test_settings_of_ages_are_written_as_they_were_and_the_name_of_a_model_follows_its_target():
    assert not {"target", "task", "unit", "range"} & DataSettings().as_dict().keys()
    told = DataSettings("dials.csv", **NUMBERS)
    assert DataSettings.from_dict(told.as_dict()) == told
    assert DataSettings().predicts == AGE
    assert TrainSettings().name == "age-resnet50"
    assert TrainSettings(told).name == "hand-resnet50"
    assert TrainSettings(told, name="mine").name == "mine"
    with pytest.raises(InputError, match="aggregate=median is of numbers, and gender has classes; legal: mean"):
        TrainSettings(DataSettings(target="gender"), aggregate="median")
    with pytest.raises(InputError, match="shard_by=age deals out ages, and target=hand is another"):
        TrainSettings(told, scheme="sisa", shard_by="age")
