"""Nobody trains who is measured, the shipped model's test people do neither, and further people are others."""

from __future__ import annotations

import numpy as np
import pytest

from mousematch.errors import OptionError
from study.people import FRAME_PX, FURTHER_SHARE, Study, trained_on
from study.rows import BALABIT, BOTH, COPIES, STRETCHED, SYNTHETIC, Row


def test_every_third_person_is_measured_the_others_train_and_test_people_of_the_model_are_left_out(recordings):
    study = Study.of(recordings)

    assert {one.person for one in study.measured} == {"user3", "user6"}
    assert {one.person for one in study.training} == {"user1", "user2", "user4"}


def test_a_part_of_the_data_set_is_refused_if_nobody_would_be_measured(recordings):
    with pytest.raises(OptionError, match="measured; give the whole SapiMouse"):
        Study.of([one for one in recordings if one.person in ("user1", "user2", "user3")])


def test_copies_are_further_people_who_move_otherwise(recordings):
    study = Study.of(recordings)

    people = trained_on(Row("row", "", further=COPIES), study, None)

    assert len(people) == 3 + 3 * 3
    assert sum(person.chance for person in people) == pytest.approx(1)
    assert sum(person.chance for person in people[3:]) == pytest.approx(FURTHER_SHARE)
    ways = {tuple(np.round(person.sessions[0].x[:50], 1)) for person in people}
    assert len(ways) == len(people)
    for person in people[3:]:
        assert (np.diff(person.sessions[0].time_us) >= 0).all()


def test_generated_people_are_added(recordings, monkeypatch):
    monkeypatch.setattr("study.people.SYNTHETIC_PEOPLE", 2)

    people = trained_on(Row("row", "", further=SYNTHETIC), Study.of(recordings), None)

    assert len(people) == 5


def test_balabit_has_to_be_given(recordings):
    with pytest.raises(OptionError, match="--balabit"):
        trained_on(Row("row", "", further=BALABIT), Study.of(recordings), None)


def test_stretched_movement_fills_the_frame(recordings):
    study = Study.of(recordings).prepared(STRETCHED)

    for one in (*study.training, *study.measured):
        assert one.points.x.max() == pytest.approx(FRAME_PX - 1)
        assert one.points.y.max() == pytest.approx(FRAME_PX - 1)


def test_neutralised_movement_is_on_one_clock_for_everybody(recordings):
    study = Study.of(recordings).prepared(BOTH)

    for one in (*study.training, *study.measured):
        assert (np.diff(one.points.time_us) % 25_000 == 0).all()


def test_an_unknown_preparation_is_refused(recordings):
    with pytest.raises(OptionError, match='prepared="upside down"'):
        Study.of(recordings).prepared("upside down")
