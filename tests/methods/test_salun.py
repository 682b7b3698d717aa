from dataclasses import replace

import pytest
import torch
from watched import watch

from unlearning.data.faces import Batch, FaceSet
from unlearning.methods.salun import SaliencyUnlearning
from unlearning.training.predict import predict


def unchanged(network, model) -> float:
    """The share of all weights that are bit for bit those of the model."""
    pairs = list(zip(network.parameters(), model.parameters(), strict=True))
    return sum(int((one == other).sum()) for one, other in pairs) / sum(one.numel() for one, _ in pairs)


@pytest.mark.parametrize("saliency", ["sum", "face"])
def test_nine_weights_of_ten_stay_bit_for_bit_with_momentum_and_weight_decay(make_task, saliency):
    task = make_task(epochs=2)
    network = SaliencyUnlearning(top=0.1, saliency=saliency, lr=1e-2, weight_decay=0.5).unlearn(task)
    assert 0.9 - 1e-5 <= unchanged(network, task.model) < 0.92


def test_every_pass_shows_the_forget_set_first_and_then_the_retain_set(make_task):
    task = make_task(epochs=2)
    batches = watch(SaliencyUnlearning(), task)["batches"]
    for _ in range(2):
        flags = torch.cat([batch.forget for batch in batches])
        forgotten = len(task.forget.part("train"))
        assert flags[:forgotten].all()
        assert not flags[forgotten:].any()
        assert len(flags) == forgotten + len(task.retain.part("train"))


def test_forgotten_faces_get_any_age_of_the_range_and_others_keep_theirs(make_task):
    loss = watch(SaliencyUnlearning(youngest=30, oldest=32), make_task())["loss"]
    kept, gone = (Batch(None, torch.tensor([50.0]), torch.tensor([flag])) for flag in (False, True))
    assert {loss(torch.zeros(1), kept).item() for _ in range(20)} == {50.0}
    drawn = [loss(torch.zeros(1), gone).item() for _ in range(200)]
    assert 30 <= min(drawn) < 30.1
    assert 31.9 < max(drawn) <= 32


def test_faces_thought_too_old_cancel_those_thought_too_young_in_the_sum_alone(make_task):
    """The same picture twice, five years above and five below what the model says."""
    task = make_task()
    face = task.forget.part("train")
    face = face.where(face.frame.index == 0)
    said = predict(task.model, face).item()
    twice = FaceSet(face.frame.loc[[0, 0]].assign(age=[said - 5, said + 5]), face.pixels)
    task = replace(task, forget=twice)
    summed, sized = (SaliencyUnlearning(saliency=name).scores(task, task.copy()) for name in ("sum", "face"))
    assert max(score.max() for score in summed.values()) < 1e-3 * max(score.max() for score in sized.values())
