"""Organisations of the country, and those abroad who sell into it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sample_data.arrays import Ints, Text, chosen, joined, padded
from sample_data.ids import tax_codes, unique_numbers
from sample_data.lexicon import NO_WORD, Lexicon
from sample_data.people import People
from sample_data.places import Homes, Places, draw_homes
from sample_data.settings import OrganisationSettings
from sample_data.streams import Streams

# full and abbreviated, as people write them
_FORMS = {
    "Công ty TNHH": "Cty TNHH",
    "Công ty Cổ phần": "Cty CP",
    "Công ty TNHH Một thành viên": "Cty TNHH MTV",
    "Công ty trách nhiệm hữu hạn": "Công ty TNHH",
    "Doanh nghiệp tư nhân": "DNTN",
    "Hợp tác xã": "HTX",
}
_FORM_WEIGHTS = (50, 22, 16, 4, 5, 3)
_TRADES = {
    "Thương mại": "TM",
    "Dịch vụ": "DV",
    "Thương mại và Dịch vụ": "TM&DV",
    "Thương mại Dịch vụ": "TMDV",
    "Sản xuất Thương mại Dịch vụ": "SX-TM-DV",
    "Xuất nhập khẩu": "XNK",
    "Đầu tư Thương mại": "ĐT TM",
    "Công nghệ": "CN",
    "Thời trang": "Thời trang",
    "Mỹ phẩm": "Mỹ phẩm",
    "Thực phẩm": "Thực phẩm",
    "Nội thất": "Nội thất",
    "Vận tải": "VT",
}
_BRANDS = """Minh Phát An Bình Thành Đạt Hưng Thịnh Gia Phú Quý Hoàng Kim Long Việt Nam Á Châu Đại Tân Tiến Thiên Phúc Lộc Sao Mai
Hồng Hà Bảo Ngọc Anh Đức Trường Sơn Hải Đông Tây Bắc Thái Vạn Nhất Tín Khánh Linh Cường Huy Quang Vinh""".split()

_COUNTRIES = {"CN": 60, "KR": 10, "TH": 8, "SG": 6, "US": 6, "JP": 4, "MY": 4, "HK": 2}
_FOREIGN_GIVEN = {
    "CN": "Wei Fang Jing Lei Min Tao Yan Hao Xin Jun", "KR": "Min-jun Seo-yeon Ji-woo Ha-eun Do-yun", "TH": "Somchai Anong Kanya Niran Ploy",
    "SG": "Wei Ling Jun Hao Kumar Siti Mei Ling", "US": "John Emily Michael Sarah David", "JP": "Haruto Yui Sota Aoi Ren",
    "MY": "Ahmad Nur Siti Hafiz Wei Jie", "HK": "Ka Ming Wing Yan Chi Keung",
}  # fmt: skip
_FOREIGN_FAMILY = {
    "CN": "Wang Li Zhang Liu Chen Yang Huang Zhao", "KR": "Kim Lee Park Choi Jung", "TH": "Saetang Srisuk Chaiyasit Boonmee",
    "SG": "Tan Lim Lee Ng Wong", "US": "Smith Johnson Miller Brown Davis", "JP": "Sato Suzuki Tanaka Ito", "MY": "Abdullah Ismail Tan Lim",
    "HK": "Chan Leung Cheung Lau",
}  # fmt: skip
_ABROAD = ("Trading", "Technology", "Electronic Commerce", "International", "Fashion")


@dataclass(frozen=True)
class Organisations:
    """One row an organisation.

    Attributes:
        names: codes of form, trade, and two brand words.
        short_names: the same with form and trade abbreviated.
        representative: legal representative, a resident.
        homes: registered seat.
        tax_code: ten digits.
    """

    names: Ints
    short_names: Ints
    representative: Ints
    homes: Homes
    tax_code: Ints

    def __len__(self) -> int:
        return len(self.names)


@dataclass(frozen=True)
class Foreigners:
    """One row a seller or supplier abroad: country, name as codes, passport, tax code (0 where not registered)."""

    country: Text
    names: Ints
    passport: Text
    tax_code: Ints
    active: Ints  # 1 where the registration is active

    def __len__(self) -> int:
        return len(self.names)


@dataclass(frozen=True)
class CompanyWords:
    """Codes of company words: [form, word]."""

    forms: Ints
    trades: Ints
    brands: Ints
    given: Ints
    family: Ints
    abroad: Ints


def load_company_words(lexicon: Lexicon) -> CompanyWords:
    """Company words, taken into the lexicon."""
    tables = ([*_FORMS], [*_FORMS.values()], [*_TRADES], [*_TRADES.values()])
    forms, short_forms, trades, short_trades = (lexicon.add(words) for words in tables)
    return CompanyWords(
        forms=np.stack([forms, short_forms]),
        trades=np.stack([trades, short_trades]),
        brands=lexicon.add(_BRANDS),
        given=_by_country(lexicon, _FOREIGN_GIVEN),
        family=_by_country(lexicon, _FOREIGN_FAMILY),
        abroad=lexicon.add(f"{word} Co., Ltd" for word in _ABROAD),
    )


def _by_country(lexicon: Lexicon, names: dict[str, str], width: int = 8) -> Ints:
    return np.stack([np.resize(lexicon.add(names[country].split()), width) for country in _COUNTRIES])


def draw_organisations(
    streams: Streams, words: CompanyWords, places: Places, people: People, rules: OrganisationSettings, today: int
) -> Organisations:
    """Organisations with their seats and representatives; some bear equal names."""
    n = max(round(people.residents * rules.per_resident), 40)
    form = streams.pick("organisations.form", n, _FORM_WEIGHTS)
    trade = streams.pick("organisations.trade", n, range(len(_TRADES), 0, -1))
    brands = words.brands[streams.integers("organisations.brand", n * 2, 0, len(_BRANDS)).reshape(n, 2)]
    model = np.where(streams.hits("organisations.equal_name", n, rules.equal_names), np.arange(n) // 2, np.arange(n))
    form, trade, brands = form[model], trade[model], brands[model]
    no_trade = streams.hits("organisations.no_trade", n, 0.25)[model]
    names = [
        np.column_stack([f[form], np.where(no_trade, NO_WORD, t[trade]), brands])
        for f, t in zip(words.forms, words.trades, strict=True)
    ]
    commune = streams.pick("organisations.commune", n, places.commune_weight.tolist())
    adults = np.flatnonzero(
        (people.status == 0) & (people.ages(today) >= 22) & people.is_resident(np.arange(len(people)))
    )
    return Organisations(
        names=names[0],
        short_names=names[1],
        representative=adults[streams.integers("organisations.representative", n, 0, len(adults))],
        homes=draw_homes(streams, places, "organisations", commune, 0.0),
        tax_code=tax_codes(streams, "organisations.tax_code", n, 10_000_000, 400_000_000),
    )


def draw_foreigners(streams: Streams, words: CompanyWords, rules: OrganisationSettings, residents: int) -> Foreigners:
    """Sellers abroad, a part of them registered as foreign suppliers."""
    n = max(round(residents * rules.foreign_per_resident), 12)
    country = streams.pick("foreigners.country", n, _COUNTRIES)
    width = words.given.shape[1]
    given = words.given[country, streams.integers("foreigners.given", n, 0, width)]
    family = words.family[country, streams.integers("foreigners.family", n, 0, width)]
    firm = streams.hits("foreigners.firm", n, 0.5)
    suffix = words.abroad[streams.integers("foreigners.suffix", n, 0, len(words.abroad))]
    letter = chosen(list("EGMPK"), country % 5)
    registered = streams.hits("foreigners.registered", n, rules.foreign_registered) | (np.arange(n) < 4)
    active = ~streams.hits("foreigners.inactive", n, rules.foreign_inactive) | (np.arange(n) < 2)
    return Foreigners(
        country=chosen([*_COUNTRIES], country),
        names=np.column_stack([family, given, np.where(firm, suffix, NO_WORD)]),
        passport=joined(letter, padded(unique_numbers(streams, "foreigners.passport", n, 0, 100_000_000), 8)),
        tax_code=np.where(registered, tax_codes(streams, "foreigners.tax_code", n, 900_000_000, 999_000_000), 0),
        active=active.astype(np.int64),
    )
