"""Random draws: shares as asked for, and one knob that does not turn another."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

import sample_data
from sample_data.settings import DateNoise, Rate, Rates, load_settings
from sample_data.streams import Streams, kinds_of


class Noise(Rates):
    """Two kinds of noise."""

    missing: Rate
    mistyped: Rate


def test_kinds_have_their_shares_and_the_rest_is_right() -> None:
    kinds = Streams(1).kinds("noise", 100_000, Noise(missing=0.2, mistyped=0.05))
    shares = [float(kinds[name].mean()) for name in ("missing", "mistyped", "right")]
    assert shares == pytest.approx([0.2, 0.05, 0.75], abs=0.005)


def test_hiders_have_shares_of_their_own() -> None:
    uniform = np.linspace(0, 1, 1_000, endpoint=False)
    hides = np.arange(1_000) % 2 == 0
    kinds = kinds_of(uniform, Noise(missing=0.0, mistyped=0.0), Noise(missing=1.0, mistyped=0.0), hides)
    assert (kinds["missing"] == hides).all()


def test_streams_of_other_names_do_not_move_a_stream() -> None:
    one, other = Streams(5), Streams(5)
    one.uniform("first", 10)
    assert one.uniform("second", 10).tolist() == other.uniform("second", 10).tolist()
    assert one.uniform("third", 3).tolist() != Streams(6).uniform("third", 3).tolist()


def test_a_stream_is_drawn_once() -> None:
    streams = Streams(1)
    streams.uniform("name", 3)
    with pytest.raises(RuntimeError, match="name"):
        streams.uniform("name", 3)


def test_the_loyal_share_a_draw_with_their_group() -> None:
    groups = np.repeat(np.arange(1_000), 2)
    drawn = Streams(1).shared_uniform("field", groups, 1_000, loyalty=0.8).reshape(-1, 2)
    assert float((drawn[:, 0] == drawn[:, 1]).mean()) == pytest.approx(0.64, abs=0.05)


def test_settings_name_the_wrong_key() -> None:
    with pytest.raises(ValidationError, match="misssing"):
        DateNoise.model_validate({"misssing": 0.1})


def test_shares_of_one_section_stay_below_one() -> None:
    with pytest.raises(ValidationError, match="exceed 1"):
        Noise(missing=0.7, mistyped=0.6)


def test_settings_are_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        load_settings().people.namesakes = 0.5


def test_the_readme_tells_the_rates_of_the_settings() -> None:
    readme = (Path(sample_data.__file__).parent / "README.md").read_text(encoding="utf-8")
    told = re.findall(r"\| `([a-z_0-9.]+)` \| ([0-9,]+) % \|", readme)
    assert len(told) > 40
    settings = load_settings()
    for path, percent in told:
        value: Any = functools.reduce(getattr, path.split("."), settings)
        assert float(percent.replace(",", ".")) == pytest.approx(100 * value), path
