"""What a search may ask of a training, and the schedule that it becomes."""

from __future__ import annotations

import pytest

from mousematch.errors import OptionError
from mousematch.schedule import WARM_UP_STEPS, Phase, phases_of
from mousematch.training_options import TrainingOptions


@pytest.mark.parametrize(
    "options, begin_width, phases",
    [
        (TrainingOptions(), None, "0.25:10:0.002"),
        (TrainingOptions(steps=40, width=0.5), None, "0.5:40steps:0.002"),
        (TrainingOptions(begin="base", minutes=30.0), 1.0, "1:30:0.0005"),
        (TrainingOptions(begin="base", width=1.0), 0.25, "1:10:0.0005"),
        (TrainingOptions(imagenet="vgg.h5"), None, "1:10:0.0005"),
    ],
)
def test_options_become_a_schedule(options, begin_width, phases):
    assert options.phases(begin_width) == phases
    assert len(phases_of(phases)) == 1


def test_freezing_needs_something_to_freeze():
    with pytest.raises(OptionError, match="begin with from= or imagenet="):
        TrainingOptions(freeze="all").check()


def test_a_phase_of_steps_and_minutes_ends_with_whichever_comes_first():
    phase = Phase(width=1, minutes=1, rate=1e-3, steps=100)

    assert phase.share(50, 6) == 0.5
    assert phase.share(10, 30) == 0.5
    assert phase.share(200, 0) == 1.0


def test_the_rate_warms_up_and_falls_to_next_to_nothing():
    phase = Phase(width=1, minutes=None, rate=1e-3, steps=1000)

    rates = [phase.rate_at(step, step / 1000) for step in range(1001)]

    assert rates[0] == pytest.approx(1e-3 / WARM_UP_STEPS)
    assert max(rates) == pytest.approx(1e-3, rel=0.02)
    assert all(a > b for a, b in zip(rates[WARM_UP_STEPS:], rates[WARM_UP_STEPS + 1 :], strict=False) if a > 1e-6)
    assert rates[-1] == 1e-6


def test_lengths_of_phases_are_minutes_or_steps():
    assert phases_of("0.25:25:2e-3, 1:400steps:5e-4") == [
        Phase(width=0.25, minutes=25.0, rate=2e-3),
        Phase(width=1.0, minutes=None, rate=5e-4, steps=400),
    ]


@pytest.mark.parametrize("text", ["0.25:0:1e-3", "0:5:1e-3", "1:5:nan", "1:0steps:1e-3", "1:-1:1e-3", "1:5steps:inf"])
def test_lengths_and_rates_that_are_no_positive_numbers_are_refused(text):
    with pytest.raises(OptionError, match="is no schedule"):
        phases_of(text)
