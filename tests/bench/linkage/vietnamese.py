"""Residents and the sellers that platforms report, in Vietnamese: few names, much of the rest missing.

Of the sellers four in five are a resident's. 35 % carry a personal id, 45 % a birth date, 35 % accents; 14 % are named
with the given name first or after the shop. Invented: shares of names are rounded from what is generally known.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tests.bench.linkage.strings import DIGITS, Bools, Ints, Texts, drawn, joined, mistyped, replaced, zipf

KINDS = {
    "full_name": "full_name",
    "personal_id": "identifier",
    "date_of_birth": "date",
    "phone": "phone",
    "province": "category",
    "district": "locality",
}
RESIDENTS = 500_000
SELLERS = 150_000
LINKED = 119_999

_FAMILY = {
    "Nguyễn": 38.0, "Trần": 11.0, "Lê": 9.5, "Phạm": 7.0, "Huỳnh": 3.1, "Hoàng": 2.3, "Phan": 4.2, "Vũ": 2.1,
    "Võ": 1.9, "Đặng": 2.1, "Bùi": 2.0, "Đỗ": 1.4, "Hồ": 1.3, "Ngô": 1.3, "Dương": 1.1, "Lý": 0.6, "Đinh": 0.8,
    "Trương": 0.9, "Đoàn": 0.7, "Lâm": 0.6, "Mai": 0.6, "Trịnh": 0.6, "Đào": 0.6, "Cao": 0.6, "Hà": 0.5, "Lương": 0.5,
    "Lưu": 0.4, "Tạ": 0.4, "Phùng": 0.35, "Châu": 0.3, "Thái": 0.3, "Tô": 0.3, "Vương": 0.25, "Văn": 0.2, "Kiều": 0.2,
    "Quách": 0.15, "Tăng": 0.15, "Nghiêm": 0.12, "Thạch": 0.12, "Chu": 0.15, "Triệu": 0.1, "Tống": 0.1, "Giang": 0.08,
    "Từ": 0.08, "La": 0.08, "Danh": 0.07, "Sơn": 0.06, "Khổng": 0.05, "Ninh": 0.05, "Viên": 0.04, "Âu": 0.03,
    "Bạch": 0.05, "Hứa": 0.05, "Nông": 0.08, "Vi": 0.06, "Lò": 0.08, "Giàng": 0.06, "Quàng": 0.04, "Sầm": 0.03,
    "Khuất": 0.03,
}  # fmt: skip
_MIDDLE_OF_WOMEN = {
    "Thị": 66, "Ngọc": 4, "Thanh": 3, "Thu": 3, "Kim": 3, "Phương": 2, "Minh": 1.6, "Hồng": 2, "Mỹ": 2, "Bích": 1.8,
    "Thùy": 1.6, "Diễm": 0.9, "Ánh": 1, "Như": 0.9, "Quỳnh": 0.8, "Tuyết": 0.8, "Cẩm": 0.8, "Hoài": 0.7, "Khánh": 0.6,
    "Bảo": 0.6, "Lan": 0.4, "Xuân": 0.5, "Trúc": 0.5, "Hải": 0.3, "Yến": 0.4,
}  # fmt: skip
_MIDDLE_OF_MEN = {
    "Văn": 36, "Đức": 5, "Hữu": 4.5, "Quang": 4, "Minh": 4, "Thanh": 4, "Công": 3, "Đình": 3, "Xuân": 3, "Ngọc": 3.5,
    "Hoàng": 3, "Quốc": 3, "Anh": 1.5, "Tuấn": 1.2, "Thành": 1.8, "Mạnh": 1.5, "Duy": 1.5, "Trọng": 1.3, "Bá": 1.2,
    "Viết": 0.8, "Thế": 1.4, "Tiến": 1.2, "Huy": 0.6, "Gia": 0.9, "Bảo": 0.4, "Trung": 0.8, "Hồng": 1, "Chí": 0.9,
    "Phúc": 0.6, "Nhật": 0.6, "Khắc": 0.6, "Phú": 0.5, "Như": 0.3, "Kim": 0.4, "Sỹ": 0.3,
}  # fmt: skip
_GIVEN_OF_WOMEN = (
    "Hương Lan Hoa Hà Thủy Linh Trang Hằng Nga Huyền Phương Thảo Hạnh Mai Yến Dung Thu Hồng Loan Nhung Tuyết Ngọc "
    "Anh Oanh An Vân Hiền Tâm Liên Nguyệt Cúc Xuân Lý Ánh Bích Kim Thúy Nhi Vy Quỳnh My Ngân Thanh Diệu Châu Trâm "
    "Giang Chi Trinh Hoài Minh Ly Như Duyên Đào Sen Thơm Lệ Mỹ Phượng Hòa Bình Gấm Mơ Nhàn Luyến Ân Tuyến Quyên "
    "Uyên Trúc Diễm Thương Nhã Khánh Tú Ái Hậu Bé Út Tươi Thắm Thoa Dịu Chín Bảy Sáu Hường Chinh Lài Cẩm Nương Nữ "
    "Tiên Hoàn Thìn Tý Vui Lành Đông Hợi Dần Mận Lựu Huệ Xoan Na Bưởi Quế Thục Đoan Thư Tường Vi Khuê Ngà Băng Hảo "
    "Điệp Én Giao Hiếu Kiều Lam Liễu"
)
_GIVEN_OF_MEN = (
    "Hùng Dũng Tuấn Minh Hải Long Thành Sơn Cường Nam Hoàng Tùng Thắng Đức Bình Hiếu Trung Quang Huy Phong Tâm Phúc "
    "Khánh Vinh Toàn Kiên Duy Tiến Đạt An Lâm Quân Hòa Thanh Hưng Việt Mạnh Anh Tài Linh Nghĩa Lợi Phước Thịnh Khoa "
    "Bảo Thái Quý Hậu Trí Lộc Nhân Tân Đông Chiến Công Hà Thọ Chung Giang Tú Trường Nhật Văn Xuân Luân Thiện Vũ "
    "Cảnh Ngọc Định Chính Khôi Bắc Hào Ân Luật Kha Đại Lực Sáng Tín Vượng Quyết Thông Thuận Phát Lượng Dương Hiển "
    "Khải Nguyên Hiệp Trọng Thế Ba Tư Năm Sáu Bảy Tám Chín Mười Út Được Đính Giáp Hạnh Huân Kỳ Lai Mẫn Nghiệp Nhơn "
    "Oai Phú Quốc Rin Sự Tấn Thạch Uy Viễn Ý Đoàn Điền Biên Châu"
)
_SHARE_OF_AN = 0.047  # among women, An and Ân together
_TWO_MIDDLES = 0.16
# province: code in the personal id, inhabitants in millions
_PROVINCES = {
    "Hà Nội": ("001", 8.4), "Hà Giang": ("002", 0.9), "Cao Bằng": ("004", 0.5), "Bắc Kạn": ("006", 0.3),
    "Tuyên Quang": ("008", 0.8), "Lào Cai": ("010", 0.8), "Điện Biên": ("011", 0.6), "Lai Châu": ("012", 0.5),
    "Sơn La": ("014", 1.3), "Yên Bái": ("015", 0.8), "Hòa Bình": ("017", 0.9), "Thái Nguyên": ("019", 1.3),
    "Lạng Sơn": ("020", 0.8), "Quảng Ninh": ("022", 1.4), "Bắc Giang": ("024", 1.9), "Phú Thọ": ("025", 1.5),
    "Vĩnh Phúc": ("026", 1.2), "Bắc Ninh": ("027", 1.5), "Hải Dương": ("030", 1.9), "Hải Phòng": ("031", 2.1),
    "Hưng Yên": ("033", 1.3), "Thái Bình": ("034", 1.9), "Hà Nam": ("035", 0.9), "Nam Định": ("036", 1.8),
    "Ninh Bình": ("037", 1.0), "Thanh Hóa": ("038", 3.7), "Nghệ An": ("040", 3.4), "Hà Tĩnh": ("042", 1.3),
    "Quảng Bình": ("044", 0.9), "Quảng Trị": ("045", 0.6), "Thừa Thiên Huế": ("046", 1.2), "Đà Nẵng": ("048", 1.2),
    "Quảng Nam": ("049", 1.5), "Quảng Ngãi": ("051", 1.2), "Bình Định": ("052", 1.5), "Phú Yên": ("054", 0.9),
    "Khánh Hòa": ("056", 1.3), "Ninh Thuận": ("058", 0.6), "Bình Thuận": ("060", 1.3), "Kon Tum": ("062", 0.6),
    "Gia Lai": ("064", 1.6), "Đắk Lắk": ("066", 1.9), "Đắk Nông": ("067", 0.7), "Lâm Đồng": ("068", 1.3),
    "Bình Phước": ("070", 1.0), "Tây Ninh": ("072", 1.2), "Bình Dương": ("074", 2.7), "Đồng Nai": ("075", 3.2),
    "Bà Rịa - Vũng Tàu": ("077", 1.2), "Hồ Chí Minh": ("079", 9.3), "Long An": ("080", 1.7), "Tiền Giang": ("082", 1.8),
    "Bến Tre": ("083", 1.3), "Trà Vinh": ("084", 1.0), "Vĩnh Long": ("086", 1.0), "Đồng Tháp": ("087", 1.6),
    "An Giang": ("089", 1.9), "Kiên Giang": ("091", 1.8), "Cần Thơ": ("092", 1.3), "Hậu Giang": ("093", 0.7),
    "Sóc Trăng": ("094", 1.2), "Bạc Liêu": ("095", 0.9), "Cà Mau": ("096", 1.2),
}  # fmt: skip
_DISTRICTS = 11  # a province
_PLACE_WORDS = (
    "An Bình Châu Định Đông Hà Hải Hòa Hưng Kim Long Lộc Mỹ Nam Ninh Phong Phú Phước Quang Sơn Tân Tây Thanh Thạnh "
    "Thủy Tiên Trà Vĩnh Xuân Yên Cẩm Đại Đức Gia Giang Hiệp Khánh Lâm Nghĩa Thọ"
)
_SHOPS = (
    *("Shop {}", "{} Shop", "Tạp hóa {}", "{} Store", "Cửa hàng {}", "{} Boutique", "Thời trang {}", "Tiệm {}"),
    *("{} Official", "Mỹ phẩm {}"),
)
_PHONE_PREFIXES = "032 033 035 036 038 039 070 077 079 081 083 085 086 088 090 091 093 096 097 098"

Columns = dict[str, Texts]


@dataclass(frozen=True)
class _People:
    """Who somebody is: parts of the name, and the columns as a register has them."""

    family: Texts
    middle: Texts
    given: Texts
    columns: Columns

    def take(self, rows: Ints) -> _People:
        """Some of them."""
        columns = {name: values[rows] for name, values in self.columns.items()}
        return _People(self.family[rows], self.middle[rows], self.given[rows], columns)


def residents_and_sellers(
    residents: int, sellers: int, linked: int, seed: int
) -> tuple[tuple[pd.DataFrame, Ints], tuple[pd.DataFrame, Ints]]:
    """Both registers in random order, each with the numbers of the people behind its rows; no two sellers are one."""
    rng = np.random.default_rng(seed)
    everybody = _people(rng, residents + sellers - linked)
    registered = rng.permutation(residents)
    phones = everybody.columns["phone"]
    known = np.where(rng.random(len(phones)) < 0.4, phones, "")
    register = everybody.take(registered).columns | {"phone": known[registered]}
    trading = np.concatenate([rng.choice(residents, linked, replace=False), np.arange(residents, len(phones))])
    trading = rng.permutation(trading)
    shops = _as_reported(rng, everybody.take(trading))
    return (pd.DataFrame(register), registered), (pd.DataFrame(shops), trading)


def _people(rng: np.random.Generator, size: int) -> _People:
    female = rng.random(size) < 0.5
    family = drawn(rng, np.array(list(_FAMILY)), list(_FAMILY.values()), size)
    middle = np.where(female, _weighted(rng, _MIDDLE_OF_WOMEN, size), _weighted(rng, _MIDDLE_OF_MEN, size))
    second = joined(" ", _weighted(rng, (_MIDDLE_OF_WOMEN | _MIDDLE_OF_MEN) | {"Thị": 0, "Văn": 0}, size))
    middle = np.where(rng.random(size) < _TWO_MIDDLES, joined(middle, second), middle)
    given = np.where(female, _given(rng, _GIVEN_OF_WOMEN, size, _SHARE_OF_AN), _given(rng, _GIVEN_OF_MEN, size, 0))
    name = joined(family, " ", middle, " ", given)
    days = np.minimum(rng.beta(2.2, 1.9, size), 0.9999) * np.timedelta64(62 * 365, "D")
    born = (np.datetime64("1946-01-01") + days).astype("datetime64[D]").astype(np.str_)
    place = _places(rng, size)
    columns = {"full_name": name, "personal_id": _personal_ids(rng, place["province"], female, born)}
    return _People(family, middle, given, {**columns, "date_of_birth": born, "phone": _phones(rng, size), **place})


def _weighted(rng: np.random.Generator, weights: dict[str, float], size: int) -> Texts:
    return drawn(rng, np.array(list(weights)), list(weights.values()), size)


def _given(rng: np.random.Generator, names: str, size: int, share_of_an: float) -> Texts:
    given = zipf(rng, np.array(names.split()), size, shift=24)
    return np.where(rng.random(size) < share_of_an, rng.choice(np.array(["An", "Ân"]), size, p=(0.6, 0.4)), given)


def _places(rng: np.random.Generator, size: int) -> Columns:
    names = np.array(list(_PROVINCES))
    people = np.array([millions for _, millions in _PROVINCES.values()])
    province = rng.choice(len(names), size, p=people / people.sum())
    district = np.floor(_DISTRICTS * rng.random(size) ** 1.4).astype(np.int64)
    words = _PLACE_WORDS.split()
    pairs = np.array([f"{one} {other}" for one in words for other in words if one != other])
    chosen = np.random.default_rng(1).permutation(pairs)[: len(names) * _DISTRICTS]
    return {"province": names[province], "district": chosen[province * _DISTRICTS + district]}


def _personal_ids(rng: np.random.Generator, province: Texts, female: Bools, born: Texts) -> Texts:
    """12 digits: province of birth (mostly where one lives), century and sex, year, six of chance; none twice."""
    size = len(province)
    birthplace = np.where(rng.random(size) < 0.85, province, rng.permutation(province))
    names, index = np.unique(birthplace, return_inverse=True)
    code = np.array([_PROVINCES[str(name)][0] for name in names])[index]
    sex = (female + 2 * (born >= "2000")).astype(np.int64).astype(np.str_)
    start = joined(code, sex, _part(born, 2, 4))
    numbers = start
    twice = np.arange(size)
    while len(twice):
        number = np.char.zfill(rng.integers(0, 1_000_000, len(twice)).astype(np.str_), 6)
        numbers = replaced(numbers, twice, joined(start[twice], number))
        twice = np.setdiff1d(np.arange(size), np.unique(numbers, return_index=True)[1])
    return numbers


def _phones(rng: np.random.Generator, size: int) -> Texts:
    prefix = rng.choice(np.array(_PHONE_PREFIXES.split()), size)
    return joined(prefix, np.char.zfill(rng.integers(0, 10_000_000, size).astype(np.str_), 7))


def _as_reported(rng: np.random.Generator, people: _People) -> Columns:
    """What a platform knows of them."""
    size = len(people.given)
    columns = dict(people.columns)
    columns["full_name"] = _names(rng, people)
    wrong = rng.random(size) < 0.04
    columns["personal_id"] = np.where(wrong, mistyped(rng, columns["personal_id"], DIGITS), columns["personal_id"])
    columns["date_of_birth"] = _birth_dates(rng, columns["date_of_birth"])
    columns["phone"] = np.where(rng.random(size) < 0.25, _phones(rng, size), columns["phone"])
    elsewhere = rng.random(size) < 0.15
    for name, values in _places(rng, size).items():
        columns[name] = np.where(elsewhere, values, columns[name])
    misplaced = rng.random(size) < 0.08
    columns["district"] = np.where(misplaced, rng.permutation(columns["district"]), columns["district"])
    missing = {"personal_id": 0.65, "date_of_birth": 0.55, "phone": 0.4, "province": 0.04, "district": 0.15}
    for name, share in missing.items():
        columns[name] = np.where(rng.random(size) < share, "", columns[name])
    return columns


def _names(rng: np.random.Generator, people: _People) -> Texts:
    """Most as they are; without the middle name, the given name first, in a shop's name; then accents, case, errors."""
    size = len(people.given)
    whole = people.columns["full_name"]
    short = joined(people.family, " ", people.given)
    first = joined(people.given, " ", people.family, np.where(rng.random(size) < 0.6, joined(" ", people.middle), ""))
    owner = np.where(rng.random(size) < 0.5, whole, np.where(rng.random(size) < 0.6, short, people.given))
    form = rng.choice(4, size, p=(0.8, 0.06, 0.07, 0.07))
    names = np.choose(form, [whole, short, first, _shops(rng, owner)])
    wrong = np.flatnonzero(rng.random(size) < 0.04)
    names = replaced(names, wrong, mistyped(rng, names[wrong]))
    plain = np.flatnonzero(rng.random(size) < 0.65)
    names = replaced(names, plain, _folded(names[plain]))
    apart = np.flatnonzero(rng.random(size) < 0.03)
    names = replaced(names, apart, np.array([unicodedata.normalize("NFD", name) for name in names[apart].tolist()]))
    case = rng.choice(3, size, p=(0.6, 0.25, 0.15))
    return np.choose(case, [names, np.char.upper(names), np.char.lower(names)])


def _shops(rng: np.random.Generator, owner: Texts) -> Texts:
    front = np.array([form.partition("{}")[0] for form in _SHOPS])
    behind = np.array([form.partition("{}")[2] for form in _SHOPS])
    kind = rng.integers(0, len(_SHOPS), len(owner))
    return joined(front[kind], owner, behind[kind])


def _folded(names: Texts) -> Texts:
    unique, index = np.unique(names, return_inverse=True)
    apart = (unicodedata.normalize("NFD", name.replace("đ", "d").replace("Đ", "D")) for name in unique.tolist())
    return np.array(["".join(c for c in name if not unicodedata.combining(c)) for name in apart])[index]


def _birth_dates(rng: np.random.Generator, born: Texts) -> Texts:
    """Some on the first of January, some with day and month swapped or a wrong digit."""
    chance = rng.random(len(born))
    year, month, day = _part(born, 0, 4), _part(born, 5, 7), _part(born, 8, 10)
    wrong = np.where(chance < 0.04, joined(year, "-01-01"), born)
    wrong = np.where((chance >= 0.04) & (chance < 0.06), joined(year, "-", day, "-", month), wrong)
    slip = joined(_part(year, 0, 3), rng.integers(0, 10, len(born)).astype(np.str_), "-", month, "-", day)
    return np.where((chance >= 0.06) & (chance < 0.08), slip, wrong)


def _part(values: Texts, start: int, end: int) -> Texts:
    width = values.dtype.itemsize // 4
    letters = np.ascontiguousarray(values).view("<U1").reshape(len(values), width)
    return np.ascontiguousarray(letters[:, start:end]).view(f"<U{end - start}").reshape(len(values))
