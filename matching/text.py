"""Vietnamese text: one stored form (NFC), repair of broken encodings, and the forms in which two texts compare."""

import unicodedata
from collections.abc import Iterable, Mapping
from functools import cache
from types import MappingProxyType

from pyspark.sql import Column
from pyspark.sql import functions as F

from matching import encodings
from matching.encodings import TONES
from matching.expressions import empty_to_null, translated

# Letters of a text that are looked at: no name, address, number or abstract has more, and what takes them apart, letter
# by letter and word by word, would take minutes for one that somebody filled with a million.
LONGEST = 4_000
BLANKS = "\t\n\v\f\r\u0085\u00a0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000"
_LATIN = "".join(map(chr, [*range(0x41, 0x5B), *range(0x61, 0x7B), *range(0xC0, 0x250), *range(0x1E00, 0x1EFA)]))
_MARKS = "".join(map(chr, range(0x0300, 0x0370)))
_INVISIBLE_RANGES = (
    (0x00, 0x09),
    (0x0E, 0x20),
    (0x7F, 0x85),
    (0x86, 0xA0),
    (0xAD, 0xAE),
    (0x180E, 0x180F),
    (0x200B, 0x2010),
    (0x202A, 0x202F),
    (0x2060, 0x2070),
    (0xFEFF, 0xFF00),
    (0xFFF9, 0xFFFC),
)
_INVISIBLE = "".join(chr(code) for start, stop in _INVISIBLE_RANGES for code in range(start, stop))
_PUNCTUATION = "".join(c for c in map(chr, range(0x21, 0x7F)) if not c.isalnum() and c != "?") + "–—‘’“”…•·´`«»°№"
_FULL_WIDTH = {chr(0xFEE0 + ord(c)): c.lower() for c in map(chr, range(0x30, 0x7B)) if c.isalnum()}
# Letters without a canonical decomposition. ETH and the African D stand for Đ in text typed with a wrong keyboard.
_UNDECOMPOSED = {"đ": "d", "ð": "d", "ɖ": "d", "ø": "o", "ł": "l", "ı": "i", "ß": "s", "æ": "a", "œ": "o", "þ": "t"}
# Patterns that decide whether a text needs work pass over printable ASCII first: most characters cost one test.
_TO_BE_CLEANED = (
    "[^ -~](?<=[\\x00-\\x1f\\x7f-\\xa0\\xad\\u1680\\u180e\\u2000-\\u200f"
    "\\u2028-\\u202f\\u205f-\\u206f\\u3000\\ufeff\\ufff9-\\ufffb])|  "
)


def beginning(c: Column) -> Column:
    """The first `LONGEST` letters of a text. Bytes are counted first, which costs nothing."""
    return F.when(F.octet_length(c) > LONGEST, F.left(c, F.lit(LONGEST))).otherwise(c)


def nfc(c: Column) -> Column:
    """Stored form of a text: NFC, no control or zero-width characters, blanks single, trimmed; null if empty.

    Canonical composition is ICU's (shipped with Spark), called by reflection: four times as fast as anything that plain
    expressions can do. Spark holds such a call for non-deterministic, so the result may stand in select, filter and
    withColumn, but not in a join condition or inside an aggregate: select it first.
    """
    # The test is cheaper than the cleaning, and few texts need it.
    return empty_to_null(F.trim(_composed(F.when(c.rlike(_TO_BE_CLEANED), _cleaned(c)).otherwise(c))))


def fold(c: Column) -> Column:
    """Blocking form of a text: words of lower-case ASCII letters and digits, one blank between; null if empty.

    All marks go and đ, Đ, ð become d, so NFC and NFD texts fold to the same. A question mark or replacement character
    is a lost letter and is left out, so that `Nguy?n` stays one word.
    """
    return folded(c, fold_table(), "[^a-z0-9]{2,}|[^a-z0-9 ]")


def folded(c: Column, table: Mapping[str, str], junk: str) -> Column:
    """Folding by a table and a pattern of one's own: characters by `table`, then each match of `junk` to a blank."""
    return empty_to_null(F.trim(F.regexp_replace(translated(c, table), junk, " ")))


@cache
def fold_table() -> Mapping[str, str]:
    """Character to folded character; to nothing for what `fold` leaves out."""
    table = dict.fromkeys(BLANKS + _PUNCTUATION, " ") | dict.fromkeys(_INVISIBLE + _MARKS + "?\ufffd", "") | _FULL_WIDTH
    for letter in _LATIN + "Ɖɖ":
        base = unicodedata.normalize("NFD", letter.lower())[0]
        table[letter] = _UNDECOMPOSED.get(base, base)
    kept = {left: right for left, right in table.items() if left != right and (not right or right.isascii())}
    return MappingProxyType(kept)


def accent_key(c: Column) -> Column:
    """Form in which two accented names compare equal: lower-case NFC words, one way of placing tones and writing i/y.

    `hòa` becomes `hoà` and `thúy` `thuý` (tone on the main vowel, also where it was misplaced: `hòang`); y after a
    consonant at the end of a syllable becomes i (`Lý` and `Lí`, `Mỹ` and `Mĩ`, `Quý` and `Quí`), never after another
    vowel (`Thuý` is not `Thuí`).
    """
    lowered = translated(c, _lower_table())
    # Most names need none of the costly steps; the test looks at the text as it came.
    return empty_to_null(
        F.trim(F.when(c.rlike(_UNUSUAL_SPELLING), _spelling_unified(_composed(lowered))).otherwise(lowered))
    )


def repair(c: Column) -> Column:
    """Stored form of a text whose encoding was broken, repaired where the text itself shows how; else `nfc`.

    Repaired are UTF-8 read as cp1252 (`Nguyá»…n`), TCVN3 (`NguyÔn ThÞ`) and VNI (`Nguyeãn Thò`) read as Latin-1, telex
    keys left as typed (`Nguyeenx`), ETH for Đ, frequent syllables with lost letters (`Nguy?n`), and letters that are
    drawn in another way (`𝓛𝓪𝓷`). A repair of syllables counts only if it makes broken ones Vietnamese and leaves most
    words Vietnamese: good and foreign names stay.
    """
    restored = F.when(c.rlike(encodings.SUSPECT), _cleaned(encodings.restored(c)))
    return empty_to_null(F.trim(_composed(restored.when(c.rlike(_TO_BE_CLEANED), _cleaned(c)).otherwise(c))))


def composed(c: Column) -> Column:
    """A text in NFC and otherwise as it is (may stand where `nfc` may); ASCII, which most are, is looked at only."""
    return F.when(c.rlike("[^ -~]"), _composed(c)).otherwise(c)


def _composed(c: Column) -> Column:
    """Canonical composition (NFC) by ICU, which takes no null: null gives the empty text."""
    text = F.coalesce(c, F.lit(""))
    return F.reflect(F.lit("com.ibm.icu.text.Normalizer"), F.lit("compose"), text, F.lit(False))


def _cleaned(c: Column) -> Column:
    """Text without control and zero-width characters, every kind and number of blanks as one blank."""
    return F.regexp_replace(translated(c, _cleaning_table()), " {2,}", " ")


def _cleaning_table() -> dict[str, str]:
    """Every kind of blank to a blank, invisible characters to nothing."""
    return dict.fromkeys(BLANKS, " ") | dict.fromkeys(_INVISIBLE, "")


def _lower_table() -> dict[str, str]:
    """Character to lower case (faster than lower(), which asks ICU), punctuation to blank, invisible to nothing."""
    letters = {letter: letter.lower() for letter in _LATIN if letter.lower() != letter and len(letter.lower()) == 1}
    return _cleaning_table() | dict.fromkeys(_PUNCTUATION, " ") | letters | {"Ð": "đ", "ð": "đ", "Ɖ": "đ"}


def _toned(letter: str) -> str:
    """The letter with each of the five tones, composed."""
    return "".join(unicodedata.normalize("NFC", letter + tone) for tone in TONES)


def _tone_moves() -> Iterable[tuple[str, str]]:
    """Syllable centres oa, oe, uy with the tone on the glide, and the same with the tone on the main vowel."""
    for glide, vowel in ("oa", "oe", "uy"):
        for wrong, right in zip(_toned(glide), _toned(vowel), strict=True):
            yield wrong + vowel, glide + right


def _spelling_unified(c: Column) -> Column:
    """Tone placement and i/y of lower-case NFC text unified, blanks single."""
    for misplaced, placed in _tone_moves():
        c = F.replace(c, F.lit(misplaced), F.lit(placed))
    # U+0001 marks the y that becomes i: a translation knows no context, a regular expression no table.
    c = F.regexp_replace(c, f"(?<=[bcdđghklmnpqrstvx]|qu)([y{_toned('y')}])(?!\\p{{L}})", "\u0001$1")
    for y, i in zip("y" + _toned("y"), "i" + _toned("i"), strict=True):
        c = F.replace(c, F.lit("\u0001" + y), F.lit(i))
    return F.regexp_replace(c, " {2,}", " ")


def _both_cases(letters: str) -> str:
    """The letters in lower and upper case, for a character class."""
    return letters + letters.upper()


_GLIDE_O, _GLIDE_U = _both_cases(_toned("o")), _both_cases(_toned("u"))
_BEFORE_Y = _both_cases("bcdđghklmnpqrstvx") + "ðÐƉ"
_UNUSUAL_SPELLING = (
    f"[aeAE](?<=[{_GLIDE_O}].)|[yY](?<=[{_GLIDE_U}].|(?:[{_BEFORE_Y}]|[qQ][uU]).(?!\\p{{L}}))"
    f"|[^ -~](?<=[{_GLIDE_U}{_BEFORE_Y}uU][{_both_cases(_toned('y'))}]|[\\u0300-\\u036f]"
    "|[\\x00-\\x1f\\x7f-\\xa0\\xad\\u2000-\\u200f\\u2060\\ufeff–—‘’“”…•·´«»°№])|[ -/:-@\\[-`{-~]{2}"
)
