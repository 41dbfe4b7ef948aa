"""Ways of writing Vietnamese: one table of cases."""

from __future__ import annotations

import numpy as np
import pytest

from sample_data.lexicon import NO_WORD, Lexicon
from sample_data.writing import STYLE_CODES, STYLES

CASES = [
    ("Nguyễn", "unaccented", "Nguyen"),
    ("Đặng", "unaccented_upper", "DANG"),
    ("Đỗ", "unaccented_lower", "do"),
    ("Thị", "decomposed", "Thi\u0323"),
    ("Nguyễn", "cp1252", "Nguyá»…n"),
    ("Đỗ", "cp1252", "Ä\x90á»—"),  # a byte that Windows-1252 does not know
    ("Nguyễn", "question_marks", "Nguy?n"),
    ("Lý", "question_marks", "Lý"),  # it can hold ý
    ("Nguyễn", "tcvn3", "NguyÔn"),
    ("Thị", "tcvn3", "ThÞ"),
    ("Đức", "tcvn3", "§øc"),
    ("Nguyễn", "vni", "Nguyeãn"),
    ("Thị", "vni", "Thò"),
    ("Phượng", "vni", "Phöôïng"),
    ("Đức", "vni", "Ñöùc"),
    ("Nguyễn", "telex", "Nguyeenx"),
    ("Đặng", "telex", "Ddawngj"),
    ("Thành phố", "telex", "Thanhf phoos"),
    ("Hòa", "tone_place", "Hoà"),
    ("Thúy", "tone_place", "Thuý"),
    ("Quý", "tone_place", "Quý"),  # never after q
    ("Hoàng", "tone_place", "Hoàng"),  # only open syllables
    ("Lý", "i_for_y", "Lí"),
    ("Kỳ", "i_for_y", "Kì"),
    ("Thy", "i_for_y", "Thi"),
    ("Thủy", "i_for_y", "Thủy"),  # uy is a vowel of its own
    ("Duy", "i_for_y", "Duy"),
]


@pytest.mark.parametrize(("word", "style", "written"), CASES)
def test_styles(word: str, style: str, written: str) -> None:
    assert STYLES[style](word) == written


@pytest.mark.parametrize("word", ["An", "Lý", "Nguyễn", "Thành phố Hồ Chí Minh"])
def test_misspelled_words_differ_by_one_letter(word: str) -> None:
    wrong = STYLES["misspelled"](word)
    assert wrong != word
    assert abs(len(wrong) - len(word)) == 1


def test_lexicon_writes_rows_of_words_in_the_style_of_each() -> None:
    lexicon = Lexicon()
    nguyen, thi, lan = lexicon.add(["Nguyễn", "Thị", "Lan"])
    rows = np.array([[nguyen, thi, lan], [nguyen, NO_WORD, lan]])
    styles = np.array([STYLE_CODES["plain"], STYLE_CODES["unaccented_upper"]])
    assert lexicon.write(rows, styles).to_pylist() == ["Nguyễn Thị Lan", "NGUYEN LAN"]


def test_lexicon_knows_a_word_once() -> None:
    lexicon = Lexicon()
    assert lexicon.add(["Lan", "Hoa"]).tolist() == lexicon.add(["Lan", "Hoa"]).tolist()
    lexicon.write(np.array([[0]]))
    with pytest.raises(RuntimeError, match="closed"):
        lexicon.add(["Huệ"])
