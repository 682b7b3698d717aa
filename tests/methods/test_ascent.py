"""Three methods that raise the error on the forget set."""

from dataclasses import replace

import pytest
import torch
from watched import watch

from dying import Killed, die_after
from unlearning.data.faces import Batch, FaceSet
from unlearning.methods.ascent import AdvancedNegGrad, NegGrad, NegGradPlus, capped, difference, limits
from unlearning.models.build import build
from unlearning.training.checkpoint import MINUTES_VARIABLE, Checkpoint, Checkpoints
from unlearning.training.cost import Meter
from unlearning.training.losses import absolute_error
from unlearning.training.predict import mean_absolute_error, predict

ASCENT = [NegGrad(), NegGradPlus(retain_weight=0.2), AdvancedNegGrad()]
by_name = pytest.mark.parametrize("method", ASCENT, ids=lambda method: method.name)


def forget_error(task, model) -> float:
    return mean_absolute_error(model, task.forget.part("train"))


def test_a_face_beyond_the_cap_is_pushed_no_further():
    years = torch.tensor([2.0, -8.0, 20.0], requires_grad=True)
    capped(years.abs(), 10.0).backward()
    assert years.grad.tolist() == pytest.approx([1 / 3, -1 / 3, 0])


@pytest.mark.parametrize(
    ("forget", "value"),
    [
        ([False, True, False, True], 0.9 * 3 - 0.1 * 7),
        ([False, False, False, False], 0.9 * 7),
        ([True, True, True, True], -0.1 * 5),
    ],
)
def test_the_difference_by_hand(forget, value):
    """Errors 4, -4, 2 and -18, of which at most 10 counts where it is raised; the empty side is 0."""
    batch = Batch(None, torch.full((4,), 30.0), torch.tensor(forget))
    predicted = torch.tensor([34.0, 26.0, 32.0, 12.0])
    assert difference((predicted - batch.ages).abs(), batch, 0.9, 0.1, 10.0).item() == pytest.approx(value)


@by_name
def test_one_step_raises_the_error_on_the_forget_set(method, make_task):
    """A published NegGrad turned the sign of gradients that were not there yet, and fine-tuned."""
    steps = []

    def stop(done):
        steps.append(done)
        raise KeyboardInterrupt

    task = make_task(after_step=stop)
    told = watch(replace(method, lr=1e-2), task)
    student = told["model"]
    before = forget_error(task, student)
    with pytest.raises(KeyboardInterrupt):
        task.fit(student, **{name: value for name, value in told.items() if name != "model"})
    assert len(steps) == 1
    assert forget_error(task, student.eval()) > before


@by_name
@pytest.mark.parametrize("output", ["sigmoid", "linear"])
def test_many_passes_at_a_high_rate_end_in_ages_that_people_reach(method, output, make_task):
    spec = replace(make_task.spec, output=output)
    maker = replace(make_task, spec=spec, original=build(spec, seed=0).eval())
    task = maker(epochs=8)
    model = replace(method, lr=10 * method.lr).unlearn(task)
    assert predict(model, task.retain).sub(60).abs().max() < 100


@by_name
def test_the_cap_is_a_multiple_of_the_error_on_unseen_faces_and_both_are_logged(method, make_task):
    logged = {}
    task = make_task(log=lambda values, epoch: logged.update({epoch: values} if epoch == 0 else {}))
    replace(method, cap=2.0).unlearn(task)
    unseen = mean_absolute_error(task.model, task.forget.part("validation"))
    known = forget_error(task, task.model)
    assert logged[0] == pytest.approx({"unseen_error": unseen, "forget_error": known, "cap": 2 * max(unseen, known)})


def test_where_unseen_faces_happen_to_be_easy_the_cap_is_above_the_error_on_the_forgotten_ones(make_task):
    """Unseen faces that the model is right of would put the cap at 0, and nothing would be raised."""
    task = make_task(epochs=2)
    frame = task.forget.frame
    easy = frame.age.where(frame.split == "train", predict(task.model, task.forget).numpy())
    task = replace(task, forget=FaceSet(frame.assign(age=easy), task.forget.pixels))
    assert task.unseen_error() == 0
    assert limits(task, 2.0) == pytest.approx((forget_error(task, task.model), 2 * forget_error(task, task.model)))


@by_name
def test_a_single_face_without_unseen_ones_like_it_is_pushed_away(method, make_task):
    task, faces = make_task(epochs=2), make_task.faces
    alone = (faces.frame.id == task.forget.part("train").frame.id[0]).to_numpy()
    kept = faces.frame.split.isin(("train", "validation")).to_numpy() & ~alone
    task = replace(task, forget=faces.where(alone), retain=faces.where(kept))
    before = forget_error(task, task.model)
    assert forget_error(task, replace(method, lr=1e-2 if method.name != "neggrad_plus" else 1e-3).unlearn(task)) > before


def test_neggrad_shows_no_face_to_keep_and_stops_when_the_forgotten_are_as_wrong_as_the_unseen(make_task):
    """A model that was trained on the forgotten faces alone starts far from that."""
    told = []
    task = make_task(epochs=60, log=lambda values, epoch: told.append((epoch, values)))
    learned = task.fit(task.copy(), absolute_error, 3e-3, task.batches(retain=False, forget=True), epochs=6, quiet=True)
    task = replace(task, model=learned)
    shown = task.meter.retain
    unlearned = NegGrad(lr=1e-3).unlearn(task)
    assert task.meter.retain == shown
    errors = [values["forget_error"] for epoch, values in told if epoch]
    unseen = told[0][1]["unseen_error"]
    assert len(errors) < 60
    assert errors[-1] == pytest.approx(forget_error(task, unlearned))
    assert errors[-1] >= unseen
    assert all(error < unseen for error in errors[:-1])


def test_neggrad_counts_its_epochs_on_after_a_kill(make_task, tmp_path, monkeypatch):
    monkeypatch.setattr("unlearning.methods.ascent.limits", lambda task, factor: (float("inf"), 1.0))
    monkeypatch.setenv(MINUTES_VARIABLE, "0")  # a checkpoint at every step, and at the end of a pass
    told = []

    def begun():
        return make_task(epochs=2, checkpoints=Checkpoints(tmp_path, "", Meter()), log=lambda values, epoch: told.append(epoch))

    die_after(monkeypatch, Checkpoint, "write", len(begun().batches(retain=False, forget=True)) + 2)
    with pytest.raises(Killed):
        NegGrad().unlearn(begun())
    NegGrad().unlearn(begun())
    assert told == [1, 2]


def test_neggrad_forgets_by_its_steps_and_not_by_statistics_of_the_forgotten_faces(make_task):
    """As good as without steps every answer stays; batch norms in training would take the forgotten faces' statistics."""
    task = make_task(epochs=2)
    unlearned = NegGrad(lr=1e-12).unlearn(task)
    before = task.model.state_dict()
    assert any(name.endswith("running_mean") for name in before)
    for name, after in unlearned.state_dict().items():
        assert torch.allclose(after, before[name], atol=1e-6), name


def test_the_distance_from_the_original_counts_by_its_weight(make_task):
    told = watch(NegGradPlus(stay=0.5, retain_weight=1.0), make_task())
    with torch.no_grad():
        told["model"].head[-1].bias.add_(2.0)
    batch = Batch(None, torch.tensor([30.0]), torch.tensor([False]))
    assert told["loss"](torch.tensor([34.0]), batch).item() == pytest.approx(4 + 0.5 * 2.0**2)
