"""Kinds of columns: the form in which values compare, the keys they give to blocking, the levels of their comparison.

A kind says nothing of how often anything occurs: m and u of its levels, and which of its keys are worth a blocking
rule, come from the data (`plan`, `parameters`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pyspark.sql import Column
from pyspark.sql import functions as F

from matching import names, phones, text
from matching.expressions import empty_to_null, extracted, translated

Atoms = Mapping[str, Callable[[Column], Column]]
Level = tuple[str, float, Callable[["Sides"], Column]]

EXACT, DIFFERENT = "exact", "different"
# Level of values that stand for one another; which ones do the data say.
EQUIVALENT = "equivalent"
FULL = "full"
# Forms that hold the words of a value, each a bit of 64 by its hash: and-ing them costs a tenth of comparing arrays.
WORDS = ("words", "words_again")
# Forms that hold the words of a value that few records have, and those that many have, as hashes; which ones these are
# the data say. And what all its words weigh.
RARE, FREQUENT, WEIGHT = "rare_words", "frequent_words", "weight"
# Form that holds the words with a digit, as hashes in ascending order; level of values that are alike but for these.
NUMBERS = "numbers"
# Form that holds the letters of a value, each a bit: an edit changes two bits at most.
LETTERS = "letters"

# Edits up to which two texts are looked at closely; beyond, nothing but their words and beginnings counts.
_EDITS = 3
_LONG_EDITS = 6
# Days of a window in which dates meet; shares by which near and similar numbers differ.
_WINDOW = 10
_NEAR, _SIMILAR = 0.01, 0.10
# Letters that the beginning of a text has which stands for all of it.
_BEGINNING = 5
# Of the letters of the longer value those that may be edited where it is still similar.
_THIRD = 0.34
# Rare words that are drawn as keys.
_DRAWN = 3
# Words of a value, to each of which two bits of 64 still say something; of more they are counted one by one.
_FEW_WORDS = 16
# What funds and firms of one name are numbered by; where a word is one by chance (`vi`) the other name has none.
_ROMAN = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii", "xiii", "xiv", "xv")
# What a word that few values have weighs, to one that many have.
_RARE_WORD = 3
# Of the words of two texts, by their weight, the share that both have; of the words of one, that the other has.
_SIMILAR_WORDS, _MOST_WORDS, _HALF, _SOME, _ALL_OF_ONE = 0.85, 0.7, 0.5, 0.3, 0.9
_SOUNDS = {**dict.fromkeys("bfpv", "1"), **dict.fromkeys("cgjkqsxz", "2"), **dict.fromkeys("dt", "3"), "l": "4"}
_SOUNDS |= {**dict.fromkeys("mn", "5"), "r": "6"}


@dataclass(frozen=True)
class Sides:
    """The two values of a pair, both present and not equal, and what is known of each.

    Attributes:
        left, right: the compared values.
        edits: Levenshtein distance between them, -1 where it is above the bound of the kind.
        common: weight of the words that both have (`common_words`), of a kind that tells rare words from frequent ones.
        equivalent: whether they stand for one another.
        forms: form → the form of either value, null where it has none (see `Kind.forms`).
    """

    left: Column
    right: Column
    edits: Column
    common: Column
    equivalent: Column
    forms: Mapping[str, tuple[Column, Column]]

    def same(self, form: str) -> Column:
        """Whether both values have the form, and the same."""
        left, right = self.forms[form]
        return F.coalesce(left == right, F.lit(False))

    def other_numbers(self) -> Column:
        """Whether both values have words with digits, and not the same."""
        left, right = self.forms[NUMBERS]
        return (left != right) & (F.size(left) > 0) & (F.size(right) > 0)

    def numbered_apart(self) -> Column:
        """Whether two names have other numbers, or one has digits and the other none (letters may be initials)."""
        left, right = self.forms[NUMBERS]
        digits = self.left.rlike("[0-9]") | self.right.rlike("[0-9]")
        return self.other_numbers() | ((left != right) & digits)

    def numbers_apart(self) -> Column:
        """Whether each value has a word with a digit that the other lacks."""
        left, right = self.forms[NUMBERS]
        return (F.size(F.array_except(left, right)) > 0) & (F.size(F.array_except(right, left)) > 0)

    def one_edit(self) -> Column:
        """One letter more, less or other; or the same letters in another order, two edits away (neighbours swapped)."""
        letters = _sorted_letters(self.left) == _sorted_letters(self.right)
        return (self.edits == 1) | ((self.edits == 2) & (F.length(self.left) == F.length(self.right)) & letters)

    def edited_share(self, most: float) -> Column:
        """Whether at most this share of the longer value's letters is edited."""
        return (self.edits >= 0) & (self.edits <= most * F.greatest(F.length(self.left), F.length(self.right)))

    def begins(self) -> Column:
        """Whether one value is the beginning of the other (initials too)."""
        return self.left.startswith(self.right) | self.right.startswith(self.left)

    def rare_word(self) -> Column:
        """Whether both values have a word that few others have."""
        # The bits are quicker, and mostly say no.
        return (shared_words(self.forms) > 0) & F.arrays_overlap(*self.forms[RARE])

    def alike(self, least: float) -> Column:
        """Whether of the words of both values, by their weight, such a share is common (the cosine between them)."""
        left, right, common = (c.cast("double") for c in (*self.forms[WEIGHT], self.common))
        # Squared: no root is to be taken. Of tens of thousands of words the square is no whole number of 32 bits.
        return common * common >= least**2 * (left * right)

    def contained(self) -> Column:
        """Whether nearly all words of one, two at least or a rare one, stand in the other."""
        return (self.common >= 2) & (self.common >= _ALL_OF_ONE * F.least(*self.forms[WEIGHT]))

    def fewest_words(self) -> Column:
        """Number of words of the value with fewer."""
        return F.least(*(F.bit_count(side) for side in self.forms[WORDS[0]]))


@dataclass(frozen=True)
class Bounded:
    """The test of a level with a bound that may be set.

    Attributes:
        measure: whether a pair is within a bound.
        bound: edited share of the letters, share of common words, days, years, or the share by which numbers differ.
    """

    measure: Callable[[Sides, float], Column]
    bound: float

    def __call__(self, pair: Sides) -> Column:
        """Whether a pair is within the bound."""
        return self.measure(pair, self.bound)


@dataclass(frozen=True)
class Kind:
    """What a column may be.

    Attributes:
        value: text of the input → compared value; null is no evidence.
        atoms: name → key of a compared value; blocking rules are conjunctions of atoms.
        levels: (name, starting m, test) of the levels between `exact` and `different`, best first; the first test that
            holds gives the level.
        edits: bound of the Levenshtein distance that the tests need; 0: none.
        forms: name → form of a value in which the tests compare it, made once a record: text (to be hashed), a number,
            or an array of hashes.
        rare: whether rare words are told from frequent ones: there are forms `RARE`, `FREQUENT` and `WEIGHT` too.
        ordered: levels of which a better one never says less for a match than one below it.
        drawn: of the rare words as many are keys, each the first in another order that has nothing to do with the words
            (MinHash; Broder 1997): values that share most rare words share most of these.
        equivalents: atoms of which one may stand for another, where the others of these are the same.
    """

    value: Callable[[Column], Column]
    atoms: Atoms
    levels: tuple[Level, ...] = ()
    edits: int = 0
    forms: Atoms = field(default_factory=dict)
    rare: bool = False
    ordered: frozenset[str] = frozenset()
    drawn: int = 0
    equivalents: tuple[str, ...] = ()

    @property
    def level_names(self) -> tuple[str, ...]:
        """Names of the levels by gamma: `different` is 0, `exact` the last."""
        return (DIFFERENT, *(name for name, _, _ in reversed(self.levels)), EXACT)


def prefix(length: int) -> Callable[[Column], Column]:
    """The first letters of a value that has at least as many."""
    return lambda c: F.when(F.length(c) >= length, F.substring(c, 1, length))


def suffix(length: int) -> Callable[[Column], Column]:
    """The last letters of a value that has at least as many."""
    return lambda c: F.when(F.length(c) >= length, F.right(c, F.lit(length)))


def sounds(c: Column) -> Column:
    """Consonants of a word by how they sound (Soundex' groups, at any length), the first letter kept."""
    heard = F.replace(c, F.lit("ph"), F.lit("f"))
    groups = translated(heard, {**_SOUNDS, **dict.fromkeys("aeiouyhw ", "")})
    return empty_to_null(F.concat(F.substring(heard, 1, 1), F.regexp_replace(groups, "(.)\\1+", "$1")))


def first_half(c: Column) -> Column:
    """The first half of a value: one that differs by an edit in the second half has the same."""
    return F.when(F.length(c) >= 4, F.substring(c, F.lit(1), F.ceil(F.length(c) / 2).cast("int")))


def last_half(c: Column) -> Column:
    """The last half of a value: one that differs by an edit in the first half has the same."""
    return F.when(F.length(c) >= 4, F.right(c, F.floor(F.length(c) / 2).cast("int")))


def first_word(c: Column) -> Column:
    """The first word of several."""
    return F.substring_index(c, " ", 1)


def last_word(c: Column) -> Column:
    """The last word."""
    return F.substring_index(c, " ", -1)


def last_words(c: Column) -> Column:
    """The last two words of three or more."""
    return F.when(c.rlike(" .* "), F.substring_index(c, " ", -2))


def initials(c: Column) -> Column:
    """First letters of all words, sorted; null for a single word."""
    letters = F.array_join(F.sort_array(F.transform(F.split(c, " "), lambda word: F.substring(word, 1, 1))), "")
    return F.when(c.contains(" "), letters)


def number_word(c: Column) -> Column:
    """The first word with a digit (a house number)."""
    return extracted(c, "(?:^| )([a-z]*[0-9][a-z0-9]*)")


def longest_word(c: Column) -> Column:
    """The longest word without digits, the first by the alphabet of equal ones."""
    words = F.filter(F.split(c, " "), lambda word: ~word.rlike("[0-9]"))
    ranked = F.transform(words, lambda word: F.struct((-F.length(word)).alias("rank"), word.alias("word")))
    return F.array_min(ranked)["word"]


def _folded(c: Column) -> Column:
    """Words of letters and digits in lower case, Latin ones without marks; letters of other scripts as they are."""
    lower = F.lower(c)
    words = text.folded(lower, text.fold_table(), "[^\\p{L}\\p{M}\\p{N}]{2,}|[^\\p{L}\\p{M}\\p{N} ]")
    # Most values need none of it. Possessive: Java would call itself once a word.
    return F.when(lower.rlike("^[a-z0-9]++(?: [a-z0-9]++)*+$"), lower).otherwise(words)


def _text(c: Column) -> Column:
    """The folded words; a number and the letters before it are one word with or without a hyphen: `CX-450`, `CX450`."""
    return _folded(F.regexp_replace(c, "(?<=\\p{L})-(?=[0-9])", ""))


def _full_name(c: Column) -> Column:
    """Words of a person's name, alone or in the name of his shop, or of a company's without its legal form.

    In another script than Latin the folded words.
    """
    words = _folded(c)
    key = names.without_ending(names.person_key(F.coalesce(names.person_in_shop_name(words), c), "a-z0-9"))
    return F.when(words.rlike("[^ -~]"), words).otherwise(F.coalesce(key, words))


def _code(c: Column) -> Column:
    """Letters, in upper case and without marks, and digits; nothing between them."""
    return empty_to_null(F.upper(F.regexp_replace(translated(c, text.fold_table()), "[^\\p{L}\\p{N}]", "")))


def _identifier(c: Column) -> Column:
    """A code; of the address of a web site what stands between its scheme, `www.` and its end."""
    return _code(F.regexp_replace(c, "(?i)^\\s*(?:https?://)?(?:www\\.)(?=.*\\.)|^\\s*https?://", ""))


def _sorted_letters(c: Column) -> Column:
    return F.array_sort(F.split(c, ""))


def _digits8(c: Column) -> Column:
    """A date as eight digits; what is unknown or no number is `00`; a date that can't be is kept as it is.

    Null where nothing is known.
    """
    bare = F.trim(c)
    day_first = F.regexp_extract(bare, "^([0-9]{1,2})[/.-]([0-9]{1,2})[/.-]([0-9]{4})", 0)
    year_first = F.regexp_extract(bare, "^([0-9]{4})[/.-]([0-9]{1,2})[/.-]([0-9]{1,2})", 0)

    def joined(part: Column, order: tuple[int, int, int]) -> Column:
        """Eight digits of a date whose parts stand in this order."""
        parts = F.split(part, "[/.-]")
        return F.concat(*(F.lpad(parts[at], 4 if i == 0 else 2, "0") for i, at in enumerate(order)))

    digits = (
        F.when(bare.rlike("^[0-9]{8}$"), bare)
        .when(year_first != "", joined(year_first, (0, 1, 2)))
        .when(day_first != "", joined(day_first, (2, 1, 0)))
        .when(bare.rlike("^[0-9]{4}$"), F.concat(bare, F.lit("0000")))
        .when(bare.rlike("^[0-9]{4}[-/.][0-9]{1,2}$"), joined(F.concat(bare, F.lit("-00")), (0, 1, 2)))
    )
    return F.nullif(digits, F.lit("00000000"))


def _year(c: Column) -> Column:
    return F.substring(c, 1, 4)


def _month_day(c: Column) -> Column:
    return F.when(~c.endswith("00"), F.substring(c, 5, 4))


def _year_month(c: Column) -> Column:
    return F.when(~c.endswith("0000"), F.substring(c, 1, 6))


def _year_day(c: Column) -> Column:
    return F.when(~c.endswith("00"), F.concat(F.substring(c, 1, 4), F.substring(c, 7, 2)))


def _day_month_swapped(pair: Sides) -> Column:
    return F.coalesce(pair.forms["swapped"][0] == pair.forms["whole"][1], F.lit(False))


def _swapped(c: Column) -> Column:
    """The date with day and month in each other's place."""
    return F.concat(F.substring(c, 1, 4), F.substring(c, 7, 2), F.substring(c, 5, 2))


def _whole(c: Column) -> Column:
    return c


def _within(form: str, most: int) -> Bounded:
    """Whether the numbers that two values have as a form differ by at most so many."""

    def test(pair: Sides, most: float) -> Column:
        """Of the two numbers of a pair."""
        left, right = pair.forms[form]
        return F.coalesce(F.abs(left - right) <= most, F.lit(False))

    return Bounded(test, most)


def _year_number(c: Column) -> Column:
    return _year(c).try_cast("long")


def _day_number(c: Column) -> Column:
    """Days since 1970; null where it is no date."""
    return F.unix_date(F.try_to_date(c, "yyyyMMdd"))


def _days(shift: int) -> Callable[[Column], Column]:
    """The window of days in which a date lies, `shift` days late: dates half a window apart share one of the two."""
    return lambda c: F.floor((_day_number(c) + shift) / _WINDOW).cast("string")


def _bits(values: Column, bit: Callable[[Column], Column]) -> Column:
    """The bits of all values of an array, in one number."""
    one = F.lit(1).cast("long")
    ones = F.transform(values, lambda value: F.call_function("shiftleft", one, bit(value).cast("int")))
    return F.aggregate(ones, F.lit(0).cast("long"), lambda bits, more: bits.bitwiseOR(more))


def _word_bits(seed: int) -> Callable[[Column], Column]:
    return lambda c: _bits(F.split(c, " "), lambda word: F.pmod(F.xxhash64(F.lit(seed), word), F.lit(64)))


def hashed_words(words: Column) -> Column:
    """Words, each once and as a number."""
    return F.array_distinct(F.transform(words, lambda word: F.hash(word)))


def rare_words(c: Column, frequent: Sequence[int]) -> Column:
    """The words of a value, as numbers, but for the frequent ones."""
    return F.filter(hashed_words(F.split(c, " ")), lambda word: ~word.isin(list(frequent)))


def frequent_words(c: Column, frequent: Sequence[int]) -> Column:
    """The frequent words of a value, as numbers."""
    return F.filter(hashed_words(F.split(c, " ")), lambda word: word.isin(list(frequent)))


def weight_of_words(c: Column, frequent: Sequence[int]) -> Column:
    """What the words of a value weigh, the rare ones more."""
    return F.size(hashed_words(F.split(c, " "))) + (_RARE_WORD - 1) * F.size(rare_words(c, frequent))


def drawn_word(rare: Column, number: int) -> Column:
    """Of an array of words the one that is the first in the order of this number, as a hash; null where it is empty."""
    return F.array_min(F.transform(rare, lambda word: F.xxhash64(F.lit(number), word)))


def shared_words(forms: Mapping[str, tuple[Column, Column]]) -> Column:
    """Number of words that two values have in common (one in two hundred pairs of words is taken for the same)."""
    return F.least(*(F.bit_count(forms[each][0].bitwiseAND(forms[each][1])) for each in WORDS))


def common_words(forms: Mapping[str, tuple[Column, Column]]) -> Column:
    """What the words weigh that two values have in common (see `weight_of_words`)."""
    shared, crowded = shared_words(forms), F.greatest(*(F.bit_count(each) for each in forms[WORDS[0]])) > _FEW_WORDS
    rare = F.size(F.array_intersect(*forms[RARE]))
    # The bits are quicker, and mostly say none. Where a value has many words they say that all are shared.
    return (
        F.when(shared == 0, 0)
        .when(crowded, F.size(F.array_intersect(*forms[FREQUENT])) + _RARE_WORD * rare)
        .otherwise(shared + (_RARE_WORD - 1) * rare)
    )


def letters(c: Column) -> Column:
    """The letters of a value as bits; many share one, so that no more bits differ than letters."""
    return _bits(F.split(c, ""), lambda letter: F.pmod(F.ascii(letter), F.lit(64)))


def _finite(c: Column) -> Column:
    number = c.try_cast("double")
    return F.when(F.abs(number) < F.lit(1e300), number)


def _about(share: float, shift: float) -> Callable[[Column], Column]:
    """The range in which a number lies, as one of a geometric series: numbers that differ by this share meet in it.

    Or in the one of the series that begins half a range (`shift`) later.
    """

    def key(c: Column) -> Column:
        """Sign and number of the range; null of zero and of what is no number."""
        number = _finite(c)
        ranges = F.floor(F.ln(F.abs(number)) / (2 * -math.log1p(-share)) + shift)
        return F.when(number != 0, F.concat(F.signum(number).cast("int").cast("string"), F.lit(" "), ranges))

    return key


def _numbers_near(pair: Sides, share: float) -> Column:
    """Whether two numbers differ by at most this share of the larger."""
    left, right = pair.forms["number"]
    return F.coalesce(F.abs(left - right) <= share * F.greatest(F.abs(left), F.abs(right)), F.lit(False))


def _numbers(c: Column) -> Column:
    """The words with a digit, as hashes in ascending order."""
    return _with_digits(F.split(c, " "))


def _numerals(c: Column) -> Column:
    """The words with a digit and Roman numerals, as what they count (`ii` is `2`): hashes in ascending order."""
    return _with_digits(F.transform(F.split(c, " "), lambda word: F.coalesce(F.try_element_at(_roman(), word), word)))


def _with_digits(words: Column) -> Column:
    return F.array_sort(hashed_words(F.filter(words, lambda word: word.rlike("[0-9]"))))


def _roman() -> Column:
    """Roman numeral → what it counts."""
    return F.create_map(*(F.lit(each) for i, roman in enumerate(_ROMAN, 1) for each in (roman, str(i))))


def _most_letters(pair: Sides) -> Column:
    """Most letters, or the beginning."""
    cut_short = pair.begins() & (F.least(F.length(pair.left), F.length(pair.right)) >= _BEGINNING)
    return pair.edited_share(0.25) | cut_short


def _all_words_of_one(pair: Sides) -> Column:
    """All words of the value with fewer, two at least, stand in the other (a name without its middle name, say)."""
    within = [F.lit(True), F.lit(True)]
    for form in WORDS:
        sides = pair.forms[form]
        both = sides[0].bitwiseAND(sides[1])
        within = [so_far & (both == side) for so_far, side in zip(within, sides, strict=True)]
    return (pair.fewest_words() >= 2) & (within[0] | within[1])


def _name_or_half(pair: Sides, most: float) -> Column:
    return pair.same("initials") | ((shared_words(pair.forms) >= 2) | pair.edited_share(most))


def _one_word_for_another(pair: Sides) -> Column:
    """One word stands for another, and all others of the name with fewer stand in the other."""
    return pair.equivalent & (shared_words(pair.forms) >= pair.fewest_words() - 1)


_NAME_ATOMS: Atoms = {FULL: _whole, "sounds": sounds, "prefix3": prefix(3), "suffix3": suffix(3)}
_EQUIVALENT: Level = (EQUIVALENT, 0.03, lambda pair: pair.equivalent)
_NAME_LEVELS: tuple[Level, ...] = (
    _EQUIVALENT,
    ("close", 0.06, Sides.one_edit),
    ("similar", 0.03, Bounded(Sides.edited_share, _THIRD)),
    ("partial", 0.03, lambda pair: pair.begins() | pair.same("sounds") | pair.same("prefix3")),
)
_CODE_LEVELS: tuple[Level, ...] = (
    ("close", 0.06, Sides.one_edit),
    ("partial", 0.03, lambda pair: pair.same("first_half") | pair.same("last_half")),
)
_HALVES: Atoms = {"first_half": first_half, "last_half": last_half}
_CODE_ATOMS: Atoms = {FULL: _whole, **_HALVES}
_TEXT_ATOMS: Atoms = {FULL: _whole, "number": number_word, "longest_word": longest_word, "prefix6": prefix(6)}
_NUMBER_LEVELS = _CODE_LEVELS[:1]
_CODE = Kind(_code, _CODE_ATOMS, _CODE_LEVELS, 2, _HALVES)
_NAME = Kind(
    *(_folded, _NAME_ATOMS, _NAME_LEVELS, _EDITS, {"sounds": sounds, "prefix3": prefix(3)}), equivalents=(FULL,)
)
_WORDS: Atoms = {WORDS[0]: _word_bits(1), WORDS[1]: _word_bits(2)}
_WORD_FORMS: Atoms = {**_WORDS, "sorted": names.sorted_words}


def _of_words(other_numbers: Callable[[Sides], Column], drawn: int = 0) -> Kind:
    """Text of many words, of which the words with digits must not be others."""
    # Numbers last: few pairs are alike, and they are dearer to compare.

    def close(pair: Sides) -> Column:
        """Two edits, or other order."""
        return (pair.edits.between(0, 2) | pair.same("sorted")) & ~other_numbers(pair)

    def similar(pair: Sides, least: float) -> Column:
        """Such a share of the words, or most letters."""
        return (pair.alike(least) | _most_letters(pair)) & ~other_numbers(pair)

    def most(pair: Sides, least: float) -> Column:
        """Such a share of the words."""
        return pair.alike(least) & ~other_numbers(pair)

    levels: tuple[Level, ...] = (
        ("close", 0.10, close),
        ("similar", 0.05, Bounded(similar, _SIMILAR_WORDS)),
        ("most", 0.03, Bounded(most, _MOST_WORDS)),
        # Neighbours of one street, products of one line.
        (NUMBERS, 0.03, lambda pair: (pair.alike(_MOST_WORDS) | _most_letters(pair)) & other_numbers(pair)),
        ("contained", 0.02, Sides.contained),
        ("half", 0.02, Bounded(Sides.alike, _HALF)),
        ("some", 0.02, Bounded(Sides.alike, _SOME)),
        ("partial", 0.02, lambda pair: pair.common > 0),
    )
    return Kind(
        *(_text, _TEXT_ATOMS, levels, _LONG_EDITS, {**_WORD_FORMS, NUMBERS: _numbers}),
        rare=True,
        # What equal values say on average is nothing to go by: some are `unknown`, and how frequent each is counts.
        ordered=frozenset(name for name, _, _ in levels if name != NUMBERS) | {DIFFERENT},
        drawn=drawn,
    )


KINDS: Mapping[str, Kind] = {
    "full_name": Kind(
        _full_name,
        {
            **{FULL: _whole, "sorted": names.sorted_words, "outer_words": names.surname_given},
            **{"first_word": first_word, "last_word": last_word, "last_words": last_words, "initials": initials},
        },
        (
            ("reordered", 0.05, lambda pair: pair.same("sorted")),
            # Companies of one owner, funds of one family, a father and his son.
            (NUMBERS, 0.02, lambda pair: (shared_words(pair.forms) > 0) & pair.numbered_apart()),
            (EQUIVALENT, 0.03, _one_word_for_another),
            ("close", 0.06, Sides.one_edit),
            ("words", 0.06, _all_words_of_one),
            ("similar", 0.04, Bounded(_name_or_half, _THIRD)),
            ("rare", 0.02, Sides.rare_word),
            ("partial", 0.02, lambda pair: shared_words(pair.forms) > 0),
        ),
        _LONG_EDITS,
        {**_WORD_FORMS, "initials": initials, NUMBERS: _numerals},
        rare=True,
        equivalents=("first_word", "last_word"),
    ),
    "given_name": _NAME,
    "family_name": _NAME,
    "date": Kind(
        _digits8,
        {
            **{FULL: _whole, "year_month": _year_month, "year_day": _year_day, "month_day": _month_day, "year": _year},
            **{"days": _days(0), "days_shifted": _days(_WINDOW // 2)},
        },
        (
            ("days", 0.02, _within("days", _WINDOW // 2)),
            ("close", 0.05, lambda pair: pair.one_edit() | _day_month_swapped(pair)),
            ("year_day", 0.01, lambda pair: pair.same("year_day")),
            ("year_month", 0.01, lambda pair: pair.same("year_month")),
            ("month_day", 0.01, lambda pair: pair.same("month_day")),
            ("year", 0.02, lambda pair: pair.same("year")),
            ("near", 0.02, _within("year", 2)),
        ),
        2,
        {
            **{"whole": _whole, "swapped": _swapped, "year": _year_number, "days": _day_number},
            **{"year_month": _year_month, "year_day": _year_day, "month_day": _month_day},
        },
    ),
    "year": Kind(
        lambda c: F.coalesce(extracted(c, "([0-9]{4})"), _short_year(c)),
        {FULL: _whole},
        (("near", 0.05, _within("year", 1)), ("similar", 0.03, _within("year", 5))),
        forms={"year": _year_number},
    ),
    "identifier": replace(_CODE, value=_identifier, levels=_NUMBER_LEVELS, forms={}),
    "phone": Kind(
        lambda c: F.coalesce(phones.phone(c), empty_to_null(F.regexp_replace(c, "[^0-9]", ""))),
        _CODE_ATOMS,
        _NUMBER_LEVELS,
        2,
    ),
    "email": Kind(
        lambda c: empty_to_null(F.lower(F.regexp_replace(c, "\\s", ""))),
        {FULL: _whole, "local": lambda c: F.substring_index(c, "@", 1)},
        (
            ("close", 0.05, Sides.one_edit),
            ("partial", 0.05, lambda pair: pair.same("local")),
        ),
        2,
        {"local": lambda c: F.substring_index(c, "@", 1)},
    ),
    # A flat is not the house; what one shop calls `EOS 450D 12 MP` may be another's `EOS 450D`.
    "address": _of_words(Sides.other_numbers),
    "text": _of_words(Sides.numbers_apart, _DRAWN),
    "locality": Kind(
        _folded,
        {FULL: _whole, "sounds": sounds, "prefix4": prefix(4)},
        (
            _EQUIVALENT,
            ("close", 0.05, Sides.one_edit),
            ("similar", 0.03, Bounded(Sides.edited_share, _THIRD)),
            ("partial", 0.03, lambda pair: shared_words(pair.forms) > 0),
        ),
        _EDITS,
        _WORDS,
        equivalents=(FULL,),
    ),
    "postcode": _CODE,
    "category": Kind(_folded, {FULL: _whole}, (_EQUIVALENT,), equivalents=(FULL,)),
    "number": Kind(
        lambda c: F.coalesce(_plain_number(c), _folded(c)),
        {
            FULL: _whole,
            **{"near": _about(_NEAR, 0.0), "near_shifted": _about(_NEAR, 0.5)},
            **{"similar": _about(_SIMILAR, 0.0), "similar_shifted": _about(_SIMILAR, 0.5)},
        },
        (("near", 0.05, Bounded(_numbers_near, _NEAR)), ("similar", 0.03, Bounded(_numbers_near, _SIMILAR))),
        forms={"number": _finite},
    ),
}


def _short_year(c: Column) -> Column:
    """A year of two digits: `'64`, `05`; of 1930 to 2029."""
    digits = extracted(c, "^\\s*'?([0-9]{2})\\s*$")
    return F.concat(F.when(digits >= "30", "19").otherwise("20"), digits)


_CURRENCY = "(?i)^(?:us)?[$€£¥₫]\\s*|^(?:usd|eur|gbp|vnd)\\s+|\\s*(?:[$€£¥₫đ]|usd|eur|gbp|vnd|đồng)$"
# 1,107.79 and 1.107,79; what could be a decimal fraction (1.107) is one.
_COMMAS, _DOTS = (
    "^[+-]?[0-9]{1,3}(?:,[0-9]{3})+(?:\\.[0-9]+)?$",
    "^[+-]?[0-9]{1,3}(?:\\.[0-9]{3})+(?:,[0-9]+|\\.[0-9]{3})$",
)


def _plain_number(c: Column) -> Column:
    """A number without signs and zeros that say nothing: `007`, `7.0` and `7` are the same, `$1,107.00` and `1107` too.

    What lasts minutes and seconds (`3:56`, `3m 56s`) is told in seconds.
    """
    bare = F.regexp_replace(F.trim(c), _CURRENCY, "")
    ungrouped = (
        F.when(bare.rlike(_COMMAS), F.replace(bare, F.lit(","), F.lit("")))
        .when(bare.rlike(_DOTS), F.replace(F.replace(bare, F.lit("."), F.lit("")), F.lit(","), F.lit(".")))
        .otherwise(bare)
    )
    lasts = "^([0-9]{1,4})(?::|\\s*m(?:in)?\\s+)([0-5]?[0-9])\\s*(?:s|sec)?$"
    minutes, seconds = (F.regexp_extract(bare, lasts, part).try_cast("int") for part in (1, 2))
    number = F.coalesce(ungrouped.try_cast("decimal(38,9)"), minutes * 60 + seconds)
    return F.regexp_replace(F.regexp_replace(number.cast("string"), "(\\.[0-9]*?)0+$", "$1"), "\\.$", "")
