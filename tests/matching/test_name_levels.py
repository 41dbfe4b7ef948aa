"""How well two names agree, as a table of cases."""

from __future__ import annotations

import pytest

from matching.name_levels import company_level, person_level

CASES = [
    # record, subject, level
    ("nguyen lan", "nguyen thi lan", "subset"),
    ("nguyen thi ngoc lan", "nguyen lan", "subset"),
    ("shop nguyen thi lan ha noi", "nguyen thi lan", "subset"),
    ("n t lan", "nguyen thi lan", "initials"),
    ("ng thi lan", "nguyen thi lan", "initials"),
    ("n lan", "nguyen thi lan", "initials"),
    # Cut off by a field of so many letters.
    ("nguyen thi hoa", "nguyen thi hoang yen", "initials"),
    ("huynh xuan", "huynh xuan tuan luan", "initials"),
    ("le minh", "le minh hang", "different"),
    ("nguyen thi lann", "nguyen thi lan", "typo"),
    ("nguyen thi la", "nguyen thi lan", "typo"),
    ("nguyne thi lan", "nguyen thi lan", "typo"),
    ("nguyen van lan", "nguyen thi lan", "partial"),
    ("nguyen ngoc lan", "nguyen thi lan", "partial"),
    ("nguyen van tan", "nguyen van tai", "typo"),
    ("le thi lan", "nguyen ngoc lan", "given"),
    ("lan le", "nguyen ngoc lan", "given"),
    ("tran van hung", "nguyen thi lan", "different"),
    ("do an", "do uy", "different"),
    # Lost letters: a word may have been whatever fits it, and no more than the marks say.
    ("ngo b?o s??ng", "ngo bao suong", "typo"),
    ("s??ng ngo b?o", "ngo bao suong", "typo"),
    ("ngo s??ng", "ngo bao suong", "subset"),
    ("ngo b?o s??ng", "ngo van suong", "partial"),
    ("v? ??c anh", "vu duc anh", "typo"),
    ("v? ??c anh", "vu ngoc anh", "partial"),
    ("v? ??c anh", "le van hai", "different"),
    ("tran v?n h?i", "tran van huong", "different"),
]


@pytest.mark.parametrize(("record", "subject", "level"), CASES)
def test_level_of_two_person_names(record: str, subject: str, level: str) -> None:
    assert person_level(record, subject) == level


@pytest.mark.parametrize(
    ("record", "subject", "level"),
    [
        ("thuong mai hoa binh", "thuong mai hoa binh viet nam", "subset"),
        ("thuong mai hoa bihn", "thuong mai hoa binh", "typo"),
        ("binh hoa thuong mai", "thuong mai hoa binh", "subset"),
        ("dich vu sao mai", "thuong mai hoa binh", "different"),
        ("th??ng m?i h?a b?nh", "thuong mai hoa binh", "typo"),
        ("c?ng ti tnhh th??ng m?i t?n ??c", "thuong mai tan duc", "subset"),
    ],
)
def test_level_of_two_company_names(record: str, subject: str, level: str) -> None:
    assert company_level(record, subject) == level
