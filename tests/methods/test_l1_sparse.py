import pytest

from unlearning.errors import InputError
from unlearning.methods.finetune import FineTune
from unlearning.methods.l1_sparse import SparseFineTune, negligible
from unlearning.models.ensemble import weights_digest


def size(network) -> float:
    return sum(float(weight.detach().abs().sum()) for weight in network.parameters())


def test_the_penalty_falls_in_a_straight_line_to_nothing_behind_the_last_penalised_pass():
    method = SparseFineTune(gamma=0.8, plain_epochs=2)
    assert [method.penalty(number, 6) for number in range(1, 7)] == pytest.approx([0.8, 0.6, 0.4, 0.2, 0, 0])


def test_without_a_penalty_it_is_fine_tuning(make_task):
    plain = FineTune(lr=1e-3).unlearn(make_task())
    assert weights_digest(SparseFineTune(lr=1e-3, gamma=0.0).unlearn(make_task())) == weights_digest(plain)


def test_the_penalty_makes_weights_smaller(make_task):
    plain = FineTune(lr=1e-3).unlearn(make_task())
    assert size(SparseFineTune(lr=1e-3, gamma=1.0).unlearn(make_task())) < 0.95 * size(plain)


def test_the_share_of_negligible_weights_is_logged_before_and_after(make_task):
    told = []
    network = SparseFineTune(gamma=1.0).unlearn(make_task(epochs=2, log=lambda values, epoch: told.append((epoch, values))))
    assert [epoch for epoch, _ in told] == [0, 2]
    assert told[0][1]["negligible"] < told[1][1]["negligible"] == negligible(network)


def test_no_pass_with_a_penalty_is_refused(make_task):
    with pytest.raises(InputError, match="plain_epochs=3 leaves none of 3 epochs"):
        SparseFineTune(plain_epochs=3).unlearn(make_task(epochs=3))
