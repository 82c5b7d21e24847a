# SPDX-License-Identifier: Apache-2.0
"""Pictures to learn from, views of them, and the schedule; the training itself where torch is installed."""

from __future__ import annotations

import importlib.util
import itertools

import numpy as np
import pytest

from vla_training.pictures import (
    CLASSES,
    HEIGHT,
    IGNORED,
    MIN_SHARE,
    TEST_SEEDS,
    TRAINING_SEEDS,
    VALIDATION_SEEDS,
    WIDTH,
    LabeledImage,
    pictures,
    read_set,
    write_set,
)
from vla_training.train import Plan, main, measure, with_noise
from vla_training.views import SIDE, patchwork, random_view


def shot_of(*boxes, share=1.0, kind=0):
    """Saturated red rectangles on grey."""
    rgb = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    for x0, y0, x1, y1 in boxes:
        rgb[y0:y1, x0:x1] = (255, 0, 0)
    n = len(boxes)
    return LabeledImage(
        7, rgb, np.array(boxes, np.float32).reshape(-1, 4), np.full(n, kind, np.int64), np.full(n, share, np.float32)
    )  # fmt: skip


def red(rgb):
    """Box of the red pixels, None where there are none."""
    wide = rgb.astype(int)
    mask = (wide[..., 0] - wide[..., 1] > 70) & (wide[..., 0] - wide[..., 2] > 70)
    if not mask.any():
        return None
    rows, columns = np.nonzero(mask.any(axis=1))[0], np.nonzero(mask.any(axis=0))[0]
    return columns[0], rows[0], columns[-1] + 1, rows[-1] + 1


@pytest.mark.parametrize("seed", range(30))
def test_a_views_box_lies_where_the_thing_is(seed):
    shot = shot_of((250, 200, 330, 260))
    view = random_view(shot, np.random.default_rng(seed))
    assert view.rgb.shape == (SIDE, SIDE, 3) and view.rgb.dtype == np.uint8
    seen = red(view.rgb)
    assert (seen is None) == (len(view.boxes) == 0)
    if seen is not None:
        assert view.boxes[0] == pytest.approx(seen, abs=2.0)


@pytest.mark.parametrize("seed", range(10))
def test_in_a_patchwork_every_box_lies_where_its_thing_is(seed):
    view = patchwork([shot_of((250, 200, 330, 260))], np.random.default_rng(seed))
    half = SIDE // 2
    for x, y in itertools.product((0, half), (0, half)):
        seen = red(view.rgb[y : y + half, x : x + half])
        own = [b for b in view.boxes if x <= b[0] < x + half and y <= b[1] < y + half]
        assert len(own) == (seen is not None)
        if own:
            assert own[0] - np.array([x, y, x, y]) == pytest.approx(seen, abs=2.0)


def test_the_same_seed_gives_the_same_view():
    shot = shot_of((250, 200, 330, 260))
    one, two, other = (random_view(shot, np.random.default_rng(s)) for s in (4, 4, 5))
    assert np.array_equal(one.rgb, two.rgb) and np.array_equal(one.boxes, two.boxes)
    assert not np.array_equal(one.rgb, other.rgb)


def test_of_what_hardly_shows_nothing_is_learned():
    hidden = shot_of((250, 200, 330, 260), share=MIN_SHARE * 0.9)
    for seed in range(10):
        view = random_view(hidden, np.random.default_rng(seed))
        assert (view.classes == IGNORED).all()
    # Of a thing cut by the view's edge a good part has to be left.
    wide = shot_of((0, 0, WIDTH, HEIGHT))
    views = [random_view(wide, np.random.default_rng(seed)) for seed in range(10)]
    for view in views:
        area = float(np.prod(view.boxes[0, 2:] - view.boxes[0, :2]))
        assert area <= SIDE * SIDE


def test_worlds_for_training_choosing_and_measuring_are_never_the_same():
    sets = [set(TRAINING_SEEDS), set(VALIDATION_SEEDS), set(TEST_SEEDS)]
    assert all(not a & b for a, b in itertools.combinations(sets, 2))
    assert max(TRAINING_SEEDS) < 1000 and min(TEST_SEEDS) >= 20000


def test_the_rate_rises_stays_and_falls():
    plan = Plan(steps=900, warm_up=100, rate=1.0)
    rates = [plan.rate_at(step) for step in range(plan.steps)]
    assert rates[0] < 0.02 and rates[99] == rates[599] == 1.0
    assert all(a >= b for a, b in itertools.pairwise(rates[600:])) and rates[-1] < 0.03


def test_a_perfect_finder_measures_one_and_noise_is_the_same_every_time():
    from vla_testing.perception.rows import boxes_of

    shot = shot_of((250, 200, 330, 260))
    result = measure([shot], lambda rgb: boxes_of((*(red(rgb) or (0, 0, 1, 1)), 0.9, 0)))
    assert result["cup"].ap50_95 == pytest.approx(1.0)
    assert np.array_equal(with_noise(shot, 3), with_noise(shot, 3))
    assert not np.array_equal(with_noise(shot, 3), with_noise(shot, 4))


def test_sets_come_back_as_they_were_and_half_written_ones_are_none(tmp_path):
    shots = [shot_of((250, 200, 330, 260)), shot_of()]
    assert write_set(tmp_path / "a", iter(shots), lambda text: None) == 2
    for before, after in zip(shots, read_set(tmp_path / "a"), strict=True):
        assert np.array_equal(before.rgb, after.rgb) and after.seed == 7
        assert np.array_equal(before.boxes, after.boxes)
        assert np.array_equal(before.classes, after.classes)
    (tmp_path / "a" / "00001.png").unlink()
    with pytest.raises(OSError, match="00001"):
        read_set(tmp_path / "a")
    with pytest.raises(OSError):  # noqa: PT011
        read_set(tmp_path / "b")


@pytest.fixture(scope="module")
def drawn():
    """A few labelled pictures of the simulator."""
    if not importlib.util.find_spec("mujoco"):
        pytest.skip("mujoco is not installed")
    try:
        return list(pictures([20000, 20001], 3))
    except RuntimeError as error:
        pytest.skip(str(error))


def test_the_simulators_labels_fit_its_pictures(drawn):
    asked = 0
    for shot in drawn:
        assert shot.rgb.shape == (HEIGHT, WIDTH, 3)
        assert len(shot.boxes) == len(shot.classes) == len(shot.shares)
        for (x0, y0, x1, y1), kind, share in zip(
            shot.boxes, shot.classes, shot.shares, strict=True
        ):
            assert 0 <= x0 < x1 <= WIDTH and 0 <= y0 < y1 <= HEIGHT
            assert IGNORED <= kind < len(CLASSES) and 0.0 < share <= 1.0
            if kind == IGNORED:
                continue
            asked += 1
            assert share >= MIN_SHARE
            # Something is there: the box is not as even as a wall.
            inside = shot.rgb[int(y0) : int(y1), int(x0) : int(x1)].astype(float)
            assert inside.std(axis=(0, 1)).max() > 2.0
    assert asked >= 6


def test_the_simulators_pictures_come_from_the_seed(drawn):
    again = list(pictures([20000], 1))
    assert np.array_equal(again[0].boxes, drawn[0].boxes)
    assert np.array_equal(again[0].rgb, drawn[0].rgb)


@pytest.mark.skipif(
    not all(importlib.util.find_spec(name) for name in ("torch", "onnx", "mujoco")),
    reason="torch is not installed (./vla build --with torch)",
)
@pytest.mark.timeout(600)
def test_the_whole_training_runs(tmp_path, drawn, capsys):
    out = tmp_path / "small.onnx"
    assert main(["--quick", "--work", str(tmp_path / "work"), "--out", str(out)]) == 0
    assert out.stat().st_size < 6_000_000
    printed = capsys.readouterr().out
    assert "accuracy (640), held-out worlds, plain" in printed
    written = (tmp_path / "README.md").read_text()
    assert "--steps 30" in written and "| bowl |" in written and "Apache-2.0" in written
    # A second run goes on where the first ended: nothing is left to learn.
    assert main(["--quick", "--work", str(tmp_path / "work"), "--out", str(out)]) == 0
    assert "going on at step 30" in capsys.readouterr().out


def test_without_torch_the_sentence_says_how_to_get_it(tmp_path, monkeypatch, capsys):
    if importlib.util.find_spec("torch"):
        pytest.skip("torch is installed")
    sets = {name: [shot_of()] for name in ("training", "validation", "test")}
    monkeypatch.setattr("vla_training.train.prepare", lambda *args: sets)
    assert main(["--quick", "--work", str(tmp_path)]) == 1
    assert "./vla build --with torch" in capsys.readouterr().err
