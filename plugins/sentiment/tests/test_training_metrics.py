from __future__ import annotations

import numpy as np
import pytest
from training import metrics

LABELS = np.array([0, 0, 1, 1, 1, 2])
SAID = np.eye(3)[[0, 1, 1, 1, 2, 2]]


def test_softmax_sums_to_one_and_bears_large_logits() -> None:
    shares = metrics.softmax(np.array([[1000.0, 0.0, -1000.0], [0.0, 0.0, 0.0]]))
    assert shares.sum(axis=1) == pytest.approx([1, 1])
    assert shares[0] == pytest.approx([1, 0, 0])


def test_confusion_has_people_in_rows_and_the_model_in_columns() -> None:
    assert metrics.confusion(SAID, LABELS).tolist() == [[1, 1, 0], [0, 2, 1], [0, 0, 1]]


def test_macro_recall_gives_every_class_the_same_say() -> None:
    assert metrics.macro_recall(SAID, LABELS) == pytest.approx((1 / 2 + 2 / 3 + 1) / 3)


def test_a_class_that_the_labels_lack_is_left_out() -> None:
    assert metrics.macro_recall(SAID[:2], LABELS[:2]) == pytest.approx(0.5)


def test_sure_and_right_is_well_calibrated_and_sure_and_wrong_is_not() -> None:
    sure = np.eye(3)[[0, 1, 2, 0]]
    assert metrics.expected_calibration_error(sure, np.array([0, 1, 2, 0])) == 0
    assert metrics.expected_calibration_error(sure, np.array([1, 2, 0, 1])) == 1


def test_calibration_is_weighed_by_the_size_of_the_bins() -> None:
    # Three answers at 0.8, all right: off by 0.2. One at 0.5, wrong: off by 0.5.
    shares = np.array([[0.8, 0.1, 0.1]] * 3 + [[0.5, 0.3, 0.2]])
    error = metrics.expected_calibration_error(shares, np.array([0, 0, 0, 1]))
    assert error == pytest.approx(0.75 * 0.2 + 0.25 * 0.5)


def test_f1_of_a_label_that_is_never_said_is_zero() -> None:
    never = np.zeros(4, dtype=bool)
    assert metrics.f1(never, ~never) == (0, 0, 0)


def test_f1_is_between_precision_and_recall() -> None:
    said = np.array([True, True, False, False])
    true = np.array([True, False, True, True])
    precision, recall, both = metrics.f1(said, true)
    assert (precision, recall) == pytest.approx((1 / 2, 1 / 3))
    assert both == pytest.approx(0.4)
