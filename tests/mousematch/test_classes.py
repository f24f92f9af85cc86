"""A softmax head over embeddings, against cases worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from mousematch import classes
from mousematch.classes import Head
from mousematch.errors import ModelError, TemplateError

HEAD = Head(("a", "b"), np.array([[2.0, 0.0], [0.0, 2.0]], np.float32), np.array([0.0, 1.0], np.float32))


def test_probabilities_of_windows_worked_by_hand():
    found = classes.class_probabilities(np.array([[1.0, 0.0], [0.0, 1.0]]), HEAD)

    # Logits 2 and 1, then 0 and 3.
    assert found == pytest.approx(np.array([[0.731059, 0.268941], [0.047426, 0.952574]]), abs=1e-6)


def test_a_session_of_one_window_has_the_probabilities_of_the_window():
    window = np.array([[0.6, 0.8]])

    assert classes.session_probabilities(window, HEAD) == pytest.approx(classes.class_probabilities(window, HEAD)[0])


def test_windows_that_agree_make_a_session_surer_but_never_as_sure_as_if_they_were_independent():
    window = np.array([[1.0, 0.0]])

    one, ten, many = (classes.session_probabilities(np.repeat(window, n, axis=0), HEAD)[0] for n in (1, 10, 1000))

    independent = 1 / (1 + np.exp(-10 * 1.0))
    assert one < ten < many < 1 / (1 + np.exp(-1 / classes.CORRELATION)) + 1e-6
    assert ten < independent


def test_extreme_logits_stay_finite():
    found = classes.class_probabilities(np.array([[1e4, -1e4]]), HEAD)

    assert found == pytest.approx(np.array([[1.0, 0.0]]))


def test_no_window_has_no_class():
    with pytest.raises(TemplateError, match="no window to classify"):
        classes.session_probabilities(np.empty((0, 2)), HEAD)


@pytest.mark.parametrize(
    "names, directions, bias",
    [(("a", "b"), (2, 3), 2), (("a",), (2, 1), 1), (("a", "b"), (2, 2), 3)],
)
def test_a_head_whose_parts_do_not_fit_is_refused(names, directions, bias):
    with pytest.raises(ModelError, match="publish the model again"):
        Head(names, np.zeros(directions, np.float32), np.zeros(bias, np.float32))
