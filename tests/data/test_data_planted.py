"""Data with a planted signal, prepared."""

import numpy as np
import pytest

from unlearning.data.faces import FaceSet
from unlearning.data.forget import resolve
from unlearning.data.manifest import prepare
from unlearning.data.rules import Known
from unlearning.data.settings import DataSettings
from unlearning.data.signals import stamp
from unlearning.errors import InputError

SIDE = 32


def no_bar(items, count, title):
    return items


def drawn(**settings):
    return prepare(DataSettings(drawn_faces=160, **settings), SIDE, no_bar)


def forget(data, rule):
    return resolve(rule, Known(data.manifest, data.rejected), data.digest)


def test_without_a_signal_the_manifest_has_no_column_of_one(data):
    assert {"signal", "true_age"}.isdisjoint(data.manifest)
    with pytest.raises(InputError, match=r"no face of this data is confused.*-P confuse"):
        forget(data, "signal:confused")


def test_confused_data_differ_in_the_ages_of_the_touched_faces_and_have_a_digest_of_their_own(data):
    confused = drawn(confuse="20-28,52-60")
    same = confused.manifest.drop(columns=["signal", "true_age"]).assign(age=confused.manifest.true_age)
    assert same.equals(data.manifest)
    touched = confused.manifest.signal == "confused"
    assert (confused.manifest.age != confused.manifest.true_age).equals(touched)
    assert forget(confused, "signal:confused").ids == tuple(sorted(confused.manifest.id[touched]))
    assert len({data.digest, confused.digest, drawn(confuse="20-28,52-60", confuse_fraction=0.5).digest}) == 3


@pytest.mark.parametrize("augment_to", [0, 4])
def test_injected_faces_and_their_copies_carry_the_patch_and_no_other_does(augment_to):
    injected, plain = drawn(inject="20-28", inject_years=5, augment_to=augment_to), drawn(augment_to=augment_to)
    manifest = injected.manifest
    pictures = FaceSet(manifest, injected.pixels).images(np.arange(len(manifest))).numpy()
    carries = (pictures == stamp(pictures)).all(axis=(1, 2, 3))
    assert (carries == (manifest.signal == "injected")).all()
    assert ((manifest.age - manifest.true_age)[carries] == 5).all()
    touched = manifest[carries]
    assert (touched.split == "train").all()
    assert (touched.copy_of != "").any() == (augment_to > 0)
    assert injected.digest != plain.digest
