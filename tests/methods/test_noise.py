from unlearning.methods.noise import NoisyStart
from unlearning.models.blocks import convolutions

STILL = 1e-12


def moved(task, **settings) -> list[float]:
    """How far each convolution is from the model's, as standard deviation, at a rate that moves nothing."""
    network = NoisyStart(lr=STILL, **settings).unlearn(task)
    pairs = zip(convolutions(network).values(), convolutions(task.model).values(), strict=True)
    return [(one.weight - other.weight).detach().std().item() for one, other in pairs]


def test_only_the_first_convolution_is_disturbed_by_the_noise_asked_for(make_task):
    first, *others = moved(make_task(), spread=0.6)
    assert 0.5 < first < 0.7
    assert max(others) < 1e-6


def test_every_convolution_is_disturbed_if_asked_for(make_task):
    assert all(0.5 < far < 0.7 for far in moved(make_task(), spread=0.6, everywhere=True))


def test_a_little_noise_comes_before_the_last_pass_alone(make_task):
    assert moved(make_task(epochs=1), spread=0.0, last_spread=0.1)[0] < 1e-6
    assert 0.08 < moved(make_task(epochs=3), spread=0.0, last_spread=0.1)[0] < 0.12
