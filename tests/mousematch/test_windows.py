"""Windows: pieces of comparable evidence."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mousematch.errors import OptionError
from mousematch.telemetry import Points
from mousematch.windows import IDLE_CAP_US, MIN_POINTS, WindowSpec, active_s, active_us, cut


def at(times_us: list[int]) -> Points:
    n = len(times_us)
    zeros = np.zeros(n, np.float32)
    return Points(np.array(times_us, np.int64), zeros, zeros, np.zeros(n, np.uint8), np.zeros(n, np.uint8))


@pytest.mark.parametrize(
    ("text", "points", "seconds"),
    [("128p", 128, None), ("5s", None, 5.0), (" 2.5S , 64p ", 64, 2.5), ("session", None, None)],
)
def test_a_specification_is_read(text, points, seconds):
    spec = WindowSpec.parse(text)

    assert (spec.points, spec.active_s) == (points, seconds)
    assert WindowSpec.parse(str(spec)) == spec


@pytest.mark.parametrize("text", ["", "5", "5m", "0s", "-3s", "3p", "session,5s", "nan s", "128 p"])
def test_a_wrong_specification_is_named_with_what_to_write(text):
    with pytest.raises(OptionError, match="window=") as caught:
        WindowSpec.parse(text)

    assert text in str(caught.value)


@given(
    st.lists(st.integers(0, 3_000_000), max_size=200),
    st.sampled_from(["16p", "1s", "3s", "32p,2s", "session"]),
)
def test_windows_follow_one_another_within_their_limits(steps, text):
    points, spec = at(np.cumsum(steps).tolist()), WindowSpec.parse(text)

    windows = cut(points, spec)

    assert all(earlier.stop <= later.start for earlier, later in zip(windows, windows[1:]))
    for window in windows:
        assert window.stop - window.start >= MIN_POINTS
        assert spec.points is None or window.stop - window.start <= spec.points
        assert spec.active_s is None or active_s(points[window]) <= spec.active_s


def test_a_session_is_one_window_on_demand():
    assert cut(at(list(range(0, 90_000_000, 1_000_000))), WindowSpec.parse("session")) == [slice(0, 90)]


def test_a_pause_counts_as_the_idle_cap_at_most():
    assert active_us(at([0, 10_000, 3_600_000_000])).tolist() == [0, 10_000, 10_000 + IDLE_CAP_US]


def test_a_short_rest_is_no_window_of_its_own():
    spec = WindowSpec.parse("20p")

    assert cut(at(list(range(29))), spec) == [slice(0, 20)]
    assert cut(at(list(range(30))), spec) == [slice(0, 20), slice(20, 30)]


def test_a_short_session_is_a_window_if_there_is_anything_to_draw():
    spec = WindowSpec.parse("5s")

    assert cut(at(list(range(MIN_POINTS))), spec) == [slice(0, MIN_POINTS)]
    assert cut(at(list(range(MIN_POINTS - 1))), spec) == []
    assert cut(at([]), spec) == []
