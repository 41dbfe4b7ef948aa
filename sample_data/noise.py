"""Noise on written values: style and spacing of text, birth dates, phone numbers, e-mail (DOMAIN 7.5, 7.7)."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sample_data.arrays import Ints, Text, blanked, chosen, joined, month_and_day, padded, where, year_of
from sample_data.ids import masked
from sample_data.settings import DateNoise, PhoneForms, SpacingNoise, TextNoise
from sample_data.streams import Kinds, Streams
from sample_data.writing import STYLE_CODES

_SPACES = {"right": " ", "nbsp": "\u00a0", "double_blank": "  ", "zero_width": " \u200b"}
# 11-digit numbers of before 15 September 2018 by today's prefix (Ministry of Information, DOMAIN 2.5)
_OLD_PREFIXES = {
    **{30 + n: 160 + n for n in range(2, 10)},
    **{
        70: 120,
        79: 121,
        77: 122,
        76: 126,
        78: 128,
        83: 123,
        84: 124,
        85: 125,
        81: 127,
        82: 129,
        56: 186,
        58: 188,
        59: 199,
    },
}
_MILLIONS = 10_000_000  # a subscriber number below its prefix has seven digits


def text_styles(streams: Streams, tag: str, n: int, rates: TextNoise, base: str = "plain", words: int = 1) -> Ints:
    """Writing style of each word of `n` texts, one row a text; a misspelling hits one word only."""
    kinds = streams.kinds(f"{tag}.style", n, rates)
    usual = STYLE_CODES[base]
    by_kind = np.array([usual, *(STYLE_CODES[name] for name in kinds.names[1:])])
    styles = np.repeat(by_kind[kinds.codes][:, None], words, axis=1)
    hit = streams.integers(f"{tag}.word", n, 0, words)
    spared = (styles == STYLE_CODES["misspelled"]) & (np.arange(words) != hit[:, None])
    return np.where(spared, usual, styles)


def spacing(streams: Streams, tag: str, n: int, rates: SpacingNoise, mark: str = "") -> Text:
    """What stands between the words of each text: `mark` and a space of some kind."""
    kinds = streams.kinds(f"{tag}.space", n, rates)
    return chosen([mark + _SPACES[name] for name in kinds.names], kinds.codes)


def date_kinds(streams: Streams, tag: str, n: int, rates: DateNoise) -> Kinds:
    """What happens to each birth date."""
    return streams.kinds(f"{tag}.date", n, rates)


def written_dates(birth: Ints, kinds: Kinds) -> Text:
    """Birth dates as text: `YYYY-MM-DD`, `YYYY-00-00` where only the year is known, null where missing."""
    year, (month, day) = year_of(birth), month_and_day(birth)
    first = kinds["new_year"]
    year = np.where(kinds["wrong_year"], year + np.where(birth % 2, 1, -1), year)
    month, day = np.where(first, 1, month), np.where(first, 1, day)
    day = np.where(kinds["wrong_day"], (day + 9) % 28 + 1, day)
    swap = kinds["swapped"] & (day <= 12)
    month, day = np.where(swap, day, month), np.where(swap, month, day)
    blank = kinds["year_only"]
    month, day = np.where(blank, 0, month), np.where(blank, 0, day)
    text = joined(padded(year, 4), padded(month, 2), padded(day, 2), separator="-")
    return blanked(text, kinds["missing"])


def written_phones(
    streams: Streams, tag: str, number: Ints, rates: PhoneForms, old_form_allowed: Ints | None = None
) -> Text:
    """Phone numbers as people type them; null where the number is 0.

    Args:
        streams: random streams.
        tag: name of the streams.
        number: nine digits, without the leading zero.
        rates: shares of the forms.
        old_form_allowed: 1 where an 11-digit form is possible; by default nowhere.
    """
    kinds = streams.kinds(f"{tag}.phone_form", len(number), rates)
    digits = padded(number, 9)
    head, middle, tail = (pc.utf8_slice_codeunits(digits, *cut) for cut in ((0, 3), (3, 6), (6, 9)))
    text = pc.binary_join_element_wise("0", digits, "")
    for kind, form in (
        ("plus84", pc.binary_join_element_wise("+84", digits, "")),
        ("international", pc.binary_join_element_wise("84", digits, "")),
        ("no_zero", digits),
        ("dotted", pc.binary_join_element_wise(pc.binary_join_element_wise("0", head, ""), middle, tail, ".")),
        ("spaced", pc.binary_join_element_wise(pc.binary_join_element_wise("0", head, ""), middle, tail, " ")),
    ):
        text = where(kinds[kind], form, text)
    if old_form_allowed is not None:
        old = old_number(number)
        text = where(kinds["eleven"] & (old_form_allowed > 0) & (old > 0), padded(old, 11), text)
    return blanked(text, number == 0)


def old_number(number: Ints) -> Ints:
    """The 11-digit number of before 2018, without its leading zero; 0 where there was none."""
    prefix = np.array([_OLD_PREFIXES.get(code, 0) for code in range(100)])[number // _MILLIONS]
    return np.where(prefix > 0, prefix * _MILLIONS + number % _MILLIONS, 0)


def masked_phones(text: Text) -> Text:
    """`09****1234`."""
    return masked(text, 2, 4)


def written_emails(name: Text, number: Ints) -> Text:
    """E-mail addresses from plain names; the domains are reserved for examples (RFC 2606)."""
    local = pc.replace_substring_regex(pc.utf8_lower(name), r"[^a-z0-9]", "")
    domain = chosen(("mail.example", "thu.example", "hopthu.example"), number % 3)
    return joined(local, joined(pc.cast(pa.array(number % 9973), pa.string()), domain, separator="@"))


def masked_emails(text: Text) -> Text:
    """`ng***@mail.example`."""
    return pc.replace_substring_regex(text, r"^(..)[^@]*@", r"\1***@")
