"""Names of people and businesses: keys in which retyped names meet, and what kind of name a text is."""

import re
from collections.abc import Mapping
from functools import cache

from pyspark.sql import Column
from pyspark.sql import functions as F

from matching import tables, text
from matching.encodings import ASCII_SYLLABLE
from matching.expressions import bind, empty_to_null, translated

# Legal forms, words of a shop, and baptismal names that stand one after another, at most: Java calls itself once for
# each.
_FORMS, _WORDS, _BAPTISED = 8, 16, 4
_TITLES = "ong|ba|mr|mrs|ms"
# What stands where a letter was lost on the way.
_LOST = "[?\ufffd]"
_LONE = " *(?<![^ ])\\?+(?![^ ]) *"


def person_key(c: Column, kept: str = "a-z?") -> Column:
    """Folded words of a person's name in order, y after a consonant at a word's end as i (`Lý`: `li`).

    What stands in parentheses, a leading title before a surname (`Ông Nguyễn …`) and digits (`lan1992`) are no part of
    the name; a lost letter is (`H??ng`: `h??ng`), but by itself no word.

    Args:
        c: the name.
        kept: what words are made of, as the inside of a character class; with digits for what may be a company (`Weber
            Energie 6`).
    """
    title = f"^ *(?:{_TITLES}) +(?={_surnames()} )"
    junk = f" *\\([^)]*\\)? *|{title}| *[^{kept} ][^{kept}(]*|{_LONE}| {{2,}}"
    table = {left: right for left, right in _table("?" in kept).items() if left not in "()"}
    key = F.regexp_replace(F.regexp_replace(translated(c, table), junk, " "), " {2,}", " ")
    return empty_to_null(F.trim(F.regexp_replace(key, "y(?= |$)(?<=(?:[bcdghklmnpqrstvx]|qu)y)", "i")))


def words_apart(c: Column) -> Column:
    """A name that was written as one word with its words apart: `NguyenThiLan` as `Nguyen Thi Lan`; others unchanged.

    Every word begins with a capital and the first is a surname, a frequent one where only one more follows: `DienMay`
    is nobody's name. All in small letters or in capitals (`TRẦNTHỊLAN`: `tran thi lan`, folded) it is a surname and two
    syllables or three. Columns in: text in NFC.
    """
    apart = F.regexp_replace(c, "(?<=\\p{Ll})(?=\\p{Lu})", " ")
    surname, frequent = _surnames(), _surnames(frequent="yes")
    is_name = text.fold(apart).rlike(f"^(?:{frequent} [a-z]+|{surname}(?: [a-z]+){{2,5}})$")
    # What is a frequent middle name is one: `tran thi anh`, not `tran thianh`.
    syllable = f"(thi|van|{ASCII_SYLLABLE})"
    # Atomic: `hoanglong` is no `ho ang long`. The fewest that fit: `dienthoai` is no `dien tho ai`.
    two, three, four = (f"^((?>{surname})){syllable * number}$" for number in (1, 2, 3))
    joined = bind(
        text.fold(c),
        lambda folded: (
            F.when(folded.rlike(two), c)
            .when(folded.rlike(three), F.regexp_replace(folded, three, "$1 $2 $3"))
            .when(folded.rlike(four), F.regexp_replace(folded, four, "$1 $2 $3 $4"))
        ),
    )
    one_case = c.rlike("^(?:[\\p{Ll}\\p{M}]{8,40}|[\\p{Lu}\\p{M}]{8,40})$")
    return (
        F.when(c.rlike("^(?:\\p{Lu}\\p{Ll}+){2,6}$") & is_name, apart)
        .when(one_case, F.coalesce(joined, c))
        .otherwise(c)
    )


def called(c: Column) -> Column:
    """What a seller is called, as written there: a person's name without what stands around it, if that makes it one.

    Shop words before it go where three words are left (what is shorter may be cut off), a baptismal name (`Giuse Trần
    Út`), and whatever one is called beside one's name in parentheses (`Minh Tuệ (Trần Thị Oanh)`); who signs for a
    company is not what it is called.
    """
    named = F.regexp_extract(c, "\\(([^()]+)\\)", 1)
    baptised = tables.alternation(tables.values("baptismal_names", "name"), _in_any_writing)
    own = F.regexp_replace(c, f"^(?:{baptised}(?!\\p{{L}})[\\s.,]*){{1,{_BAPTISED}}}", "")
    bare = person_in_text(c)
    whole = F.when(bare.rlike("^\\S+(?:\\s+\\S+){2,}$"), bare)
    kin = tables.alternation(tables.values("kin", "word"))
    beside = F.when(~F.lower(named).rlike(f"^\\s*{kin}\\s"), person_in_text(named))
    found = F.coalesce(whole, beside, F.when(is_person_like(own), own))
    return F.when(is_person_like(c) | is_company_like(c), c).otherwise(F.coalesce(found, c))


def sorted_words(key: Column) -> Column:
    """The words of a `person_key`, sorted: the same for `Nguyễn Thị Lan` and `Lan Nguyen Thi`."""
    return F.array_join(F.sort_array(F.split(key, " ")), " ")


def surname_given(key: Column) -> Column:
    """First and last word of a `person_key` (the middle name may be missing elsewhere); null for one of one word."""
    return F.when(key.contains(" "), F.concat_ws(" ", F.substring_index(key, " ", 1), F.substring_index(key, " ", -1)))


def is_person_like(c: Column) -> Column:
    """True if the text looks like a person's name.

    Two to six words without digits, the first a known surname, or the last a frequent one (given name first, of
    syllables that Vietnamese has: `Jenny Trần` is a name to be called by), or all but the last initials; and no shop
    word or legal form among them. What one is called among kin (`Mẹ Tôm`, `Chú Tư`) is nobody's name. Where letters are
    lost (`L? Th? H??ng`) the first word is a surname, or a frequent one that has lost some.
    """
    other = tables.alternation((*tables.values("shop_words", "word"), *_folded_forms(kind="organisation")))
    # At the beginning alone: folded, `Minh Quân` ends in a `quán`.
    shop = tables.alternation(_folded_forms(kind="household"))
    initials = "(?:[a-z] |ng ){1,4}[a-z]{2,}"
    # Ê Đê and Gia Rai: a man's name begins with Y, a woman's with H', and the family's comes last.
    upland = f"[hy] [a-z]+(?: [a-z]+)? {_surnames()}"
    words = (
        f"{_surnames()}(?: [a-z]+){{1,5}}|(?:{ASCII_SYLLABLE} ){{1,5}}{_surnames(frequent='yes')}|{initials}|{upland}"
    )
    damaged = f"(?:{_surnames()}|{_damaged_surnames()})(?: \\?*[a-z][a-z?]*){{1,5}}"
    accented = tables.alternation(tables.values("kin", "word"))
    unaccented = tables.alternation(plain(word) for word in tables.values("kin", "word", unaccented="yes"))
    among_kin = F.lower(c).rlike(f"^\\s*(?:{accented}|{unaccented})\\s+\\S+\\s*$")

    def fits(folded: Column, words: str) -> Column:
        """Whether a folded text is made of these words, none of them a shop's or a company's."""
        return folded.rlike(f"^(?!(?:.* )?{other}(?: |$)|{shop} )(?:{words})$")

    return F.when(c.rlike(_LOST), fits(_marked(c), damaged)).otherwise(fits(text.fold(c), words)) & ~among_kin


def company_key(c: Column) -> Column:
    """Folded name of a business without its legal forms, abbreviations written out (`TM` as `thuong mai`).

    A question mark in a word is a lost letter.
    """
    starts = tables.alternation(_folded_forms(place="start"))
    ends = tables.alternation(_folded_forms(place="end"))
    name = F.regexp_replace(_marked(c), f"^(?:{starts}(?: |$)){{1,{_FORMS}}}|(?:(?:^| ){ends}){{1,{_FORMS}}}$", "")
    name = F.concat(F.lit(" "), name, F.lit(" "))
    for short, long in tables.pairs("business_abbreviations", "short", "long"):
        name = F.replace(name, F.lit(f" {short} "), F.lit(f" {long} "))
    return empty_to_null(F.trim(name))


def without_ending(key: Column) -> Column:
    """A folded name without the legal form of a company at its end (`huber bau gmbh`), where a word is left."""
    return F.regexp_replace(key, f" {tables.alternation(tables.values('company_endings', 'form'))}$", "")


def is_company_like(c: Column) -> Column:
    """True if the text bears the legal form of an organisation (`Công ty TNHH …`, `… Co., Ltd`), not of a household."""
    starts = tables.alternation(_folded_forms(kind="organisation", place="start"))
    ends = tables.alternation(_folded_forms(kind="organisation", place="end"))
    return text.fold(c).rlike(f"^{starts}(?: |$)|(?: |^){ends}$|(?:^| )(?:tnhh|ctcp|dntn|jsc|ltd)(?: |$)")


def person_in_text(c: Column) -> Column:
    """Person's name in the registered name of a household business, as written there; null if there is none.

    Leading legal forms and shop words go: `Hộ kinh doanh Nguyễn Văn A`, `HKD Tạp hóa Nguyễn Văn A` and `Nguyễn Văn A`
    give the name.
    """
    words = (*tables.values("legal_forms", "form", kind="household"), *tables.values("shop_words", "word"))
    prefix = tables.alternation(map(plain, words), _in_any_writing)
    name = F.regexp_replace(text.nfc(c), f"^(?:{prefix}(?!\\p{{L}})[\\s.:,\\-–]*){{1,{_WORDS}}}", "")
    return bind(name, lambda bare: F.when(is_person_like(bare), bare))


def person_in_shop_name(folded: Column) -> Column:
    """Person's name between the words of a shop, folded (`shop nguyen thi lan`, `tap hoa ba lan`); null: there is none.

    Columns in: folded text. Only what looks like a Vietnamese name is cut out: `john house` is nobody's shop.
    """
    words = tables.alternation((*tables.values("shop_words", "word"), *_folded_forms(kind="household")))
    # Possessive: Java would call itself once a word.
    around = f"^(?:{words} )++|(?: {words})++$"
    bare = F.regexp_replace(folded, around, "")
    return F.when(folded.rlike(around), bind(bare, lambda name: F.when(is_person_like(name), name)))


@cache
def _surnames(**where: str) -> str:
    """Pattern of known surnames, folded; all, or those with the values in `where`."""
    return tables.alternation(plain(name) for name in tables.values("surnames", "surname", **where))


@cache
def _damaged_surnames() -> str:
    """Pattern of frequent surnames without their letters outside ASCII, or outside cp1252, as `_table` leaves these."""
    names = [name.lower() for name in tables.values("surnames", "surname", frequent="yes")]
    found = {"".join(_shown(letter, known) for letter in name) for name in names for known in ("ascii", "cp1252")}
    return tables.alternation(sorted(name for name in found if "?" in name and name.strip("? ")))


def _shown(letter: str, encoding: str) -> str:
    """What a code page leaves of a letter, folded; a question mark where it does not know the letter."""
    return plain(letter) if letter == " " or letter.encode(encoding, "ignore") else "?"


def _marked(c: Column) -> Column:
    """As `text.fold`, with a question mark for each lost letter; by itself it is no word."""
    return text.folded(c, _table(lost=True), f"{_LONE}|[^a-z0-9?]{{2,}}|[^a-z0-9? ]")


@cache
def _table(lost: bool) -> Mapping[str, str]:
    """The table of `fold`; with `lost` a question mark stands for each lost letter."""
    if not lost:
        return text.fold_table()
    return {letter: to for letter, to in text.fold_table().items() if letter != "?"} | {"\ufffd": "?"}


@cache
def _folded_forms(**where: str) -> tuple[str, ...]:
    """Legal forms as `fold` leaves them, filtered by kind or place."""
    return tuple(plain(form) for form in tables.values("legal_forms", "form", **where))


@cache
def plain(word: str) -> str:
    """A word of our own tables as `fold` would leave it."""
    plain = "".join(text.fold_table().get(letter, letter) for letter in word)
    return re.sub(" +", " ", plain).strip()


def _in_any_writing(letter: str) -> str:
    """Pattern of a folded letter that fits it in any case and with any accents: accented text is cut unfolded."""
    return "\\s*[.\\-]?\\s*" if letter == " " else _any_accent(letter)


@cache
def _any_accent(letter: str) -> str:
    """Character class of all letters that fold to `letter`."""
    return (
        "["
        + letter
        + "".join(left for left, right in text.fold_table().items() if right == letter and left.isalpha())
        + "]"
    )
