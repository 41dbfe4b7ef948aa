"""Repair of Vietnamese text whose encoding was broken on its way: code pages, old fonts, keys of an input method."""

import unicodedata
from collections.abc import Mapping
from functools import cache, partial, reduce
from types import MappingProxyType

from pyspark.sql import Column
from pyspark.sql import functions as F

from matching import tables
from matching.expressions import bind, lookup, translated

TONES = "\u0300\u0301\u0309\u0303\u0323"
_TELEX_TONES = dict(zip("fsrxj", TONES, strict=True))
_TELEX_VOWELS = {"uwow": "ươ", "uow": "ươ", "aa": "â", "ee": "ê", "oo": "ô", "aw": "ă", "ow": "ơ", "uw": "ư"}

# One toneless Vietnamese syllable: beginnings and rhymes as spelling allows them (with k for place names such as Đắk).
_ONSET = "(?:ngh|ng|nh|n|gh|gi|g|kh|k|qu|ph|p|th|tr|t|ch|c|b|d|đ|h|l|m|r|s|v|x)"
_RHYMES = (
    "a(?:ch|ng|nh|[cikmnoptuy])?|ă(?:ng|[ckmnpt])|â(?:ng|[ckmnptuy])|e(?:ng|[ckmnopt])?|ê(?:ch|nh|ng|[kmnptu])?",
    "i(?:ch|nh|ng|[acmnptu])?|iê(?:ng|[ckmnptu])|o(?:ng|[cikmnpt])?|oo(?:ng|c)|ô(?:ng|[cikmnpt])?|ơ[imnpt]?",
    "oa(?:ch|ng|nh|[cimnopty])?|oă(?:ng|[cmnt])|oe[not]?|u(?:ng|[acikmnptu])?|uâ(?:ng|[nty])|uê(?:ch|nh|[nu])?",
    "uô(?:ng|[cikmnpt])|uơ|uy(?:ch|nh|[anptu])?|uyê[nt]|ư(?:ng|[acimntu])?|ươ(?:ng|[cimnptu])|y(?:nh|ch|[antmp])?|yê(?:ng|[mntu])",
)
_SYLLABLE = f"^(?:{_ONSET}?(?:{'|'.join(_RHYMES)}))$"
_ASCII_RHYMES = (c for c in unicodedata.normalize("NFD", "|".join(_RHYMES)) if not unicodedata.combining(c))
# The same without accents; not anchored.
ASCII_SYLLABLE = f"(?:{_ONSET}?(?:{''.join(_ASCII_RHYMES)}))"

# What cp1252 shows for the bytes 0x80 to 0x9f.
_CP1252 = {bytes([code]).decode("cp1252", "replace"): chr(code) for code in range(0x80, 0xA0)}
_CP1252.pop("\ufffd")
# Two or three bytes of Vietnamese UTF-8 (and of its marks and quotes), each byte shown as the Latin-1 character.
_UTF8_TRACE = "[\u00c3-\u00c6\u00cc][\u0080-\u00bf]|\u00e1[\u00ba\u00bb][\u0080-\u00bf]"
_NOT_UTF8 = (
    "[^\\x00-\\xff]|[\u00c3-\u00c6\u00cc\u00cd](?![\u0080-\u00bf])|\u00e1(?![\u00b8-\u00bb][\u0080-\u00bf])"
    "|\u00e2(?!\u0080[\u0080-\u00bf])|[\u00c0-\u00c2\u00c7-\u00cb\u00ce-\u00e0\u00e3-\u00ff]"
    "|(?<![\u00c3-\u00c6\u00cc\u00cd]|\u00e1|\u00e1[\u00b8-\u00bb]|\u00e2|\u00e2\u0080)[\u0080-\u00bf]"
)

# Letters and digits drawn in another way: bold, in circles, full width (`𝓛𝓪𝓷`, `Ⓛⓐⓝ`, `Ｌａｎ`), small capitals.
_DRAWN_RANGES = ((0x1D00, 0x1D23), (0x2102, 0x214A), (0x24B6, 0x24EA), (0xFF10, 0xFF5B), (0x1D400, 0x1D800))
_BOXED = (0x1F130, 0x1F150, 0x1F170)
_SMALL_CAPITALS = "ᴀʙᴄᴅᴇғɢʜɪᴊᴋʟᴍɴᴏᴘʀsᴛᴜᴠᴡʏᴢ", "abcdefghijklmnoprstuvwyz"

SUSPECT = (
    # keys that Vietnamese has no use for, lost letters, doubled keys of telex
    "[fFjJwW?]|[aeoAEOdD](?<=aa|ee|oo|AA|EE|OO|[dD][dD])|[^ -~](?<="
    # Latin-1 signs and letters that are no Vietnamese ones, what cp1252 makes of bytes, lost letters, wrong Đ
    "[\\x80-\\x9f\\xa1-\\xbf\\xc4-\\xc7\\xcb\\xce-\\xd1\\xd6-\\xd8\\xdb\\xdc\\xde\\xdf\\xe4-\\xe7\\xeb\\xee-\\xf1\\xf6-\\xf8"
    "\\xfb\\xfc\\xfe\\xff\\ufffdƉɖŒœŠšŽžŸƒ€™†‡‰‹›„‚]"
    # two vowels that never meet in Vietnamese; a capital with a mark within a word of small letters
    "|[aAeE][àáâãèéêùúõÀÁÂÃÈÉÊÙÚÕ]|[oO][âõùÂÕÙ]|[uUyY][õùÕÙ]|[a-z][À-Þ]"
    # letters that are drawn
    "|[\\x{1f130}-\\x{1f189}" + "".join(f"\\x{{{a:x}}}-\\x{{{b - 1:x}}}" for a, b in _DRAWN_RANGES) + "])"
)


def restored(c: Column) -> Column:
    """Text with whatever its own letters prove to be broken put right, else unchanged; see `text.repair`."""
    steps = (_from_drawn, _from_cp1252, _with_crossed_d, _from_fonts, _from_telex, _with_lost_letters)
    return reduce(lambda text, step: bind(text, step), steps, c)


def _from_drawn(c: Column) -> Column:
    """Letters that are drawn in another way as plain ones."""
    return translated(c, _drawn())


@cache
def _drawn() -> Mapping[str, str]:
    """Drawn letter or digit to the plain one: what compatibility composition (NFKC) makes of it, and what it lacks."""
    letters = (chr(code) for start, stop in _DRAWN_RANGES for code in range(start, stop))
    plain = {letter: unicodedata.normalize("NFKC", letter) for letter in letters}
    found = {letter: to for letter, to in plain.items() if len(to) == 1 and to.isascii() and to.isalnum()}
    boxed = {chr(start + i): chr(ord("A") + i) for start in _BOXED for i in range(26)}
    return MappingProxyType(dict(zip(*_SMALL_CAPITALS, strict=True)) | found | boxed)


def _from_cp1252(c: Column) -> Column:
    """UTF-8 bytes that were read as cp1252, decoded; a letter of which a byte is lost becomes a question mark."""
    as_bytes = translated(c, _CP1252 | {"\ufffd": ""})
    return F.when(
        as_bytes.rlike(_UTF8_TRACE), bind(_bytes_completed(as_bytes), lambda text: _decoded(text, c))
    ).otherwise(c)


def _bytes_completed(c: Column) -> Column:
    """Bytes that got lost because they look like blanks or control characters put back where one letter only fits."""
    steps = (
        ("\u00c4(?![\u0080-\u00bf])", "\u00c4\u0090"),  # Đ
        ("\u00e1\u00ba(?![\u0080-\u00bf])", "\u00e1\u00ba\u00ad"),  # ậ, whose last byte is a soft hyphen
        ("(?<=[A-Za-z])\u00c3(?=[a-z])", "\u00c3\u00ad"),  # í, the same
        ("\u00c3 (?=\\p{Ll})", "\u00c3\u00a0"),  # à within a word
        ("\u00c3(?= |$)", "\u00c3\u00a0"),  # à at the end of a word
        ("\u00e1\u00bb?(?![\u0080-\u00bf])|[\u00c3-\u00c6](?![\u0080-\u00bf])", "?"),
    )
    return reduce(lambda text, step: F.regexp_replace(text, *step), steps, c)


def _decoded(as_bytes: Column, otherwise: Column) -> Column:
    """Text of which each character is a byte of UTF-8; `otherwise` where the bytes are none."""
    text = F.decode(F.encode(as_bytes, "ISO-8859-1"), "UTF-8")
    return F.when(~as_bytes.rlike(_NOT_UTF8), text).otherwise(otherwise)


def _with_crossed_d(c: Column) -> Column:
    """ETH and African D at the beginning of a word as Đ."""
    upper = F.regexp_replace(c, "(?<!\\p{L})[ÐƉ](?=\\p{L})", "Đ")
    return F.regexp_replace(upper, "(?<!\\p{L})[ðɖ](?=\\p{L})", "đ")


def _from_fonts(c: Column) -> Column:
    """Text in an old font's encoding (TCVN3 or VNI) in Unicode, if that makes most of its words Vietnamese."""
    # Letters outside Latin-1 come from no such font; one Western letter in an ASCII name is a foreign name's.
    foreign = "^[\\x00-\\x7f]*(?:[äëïöüñçøåæß]|(?<![a-z])[ÄËÏÖÜÑÇØÅÆ])[\\x00-\\x7f]*$"
    possible = ~c.rlike("[^\\x00-\\xff]|^[\\x00-\\x7f]*$") & ~c.rlike(foreign) & c.contains(" ")
    return F.when(possible, _most_vietnamese(c, _from_tcvn3(c), _from_vni(c))).otherwise(c)


def _from_tcvn3(c: Column) -> Column:
    """Text in TCVN3, one byte a letter; capitals come from a font of capitals, so they follow the plain letters."""
    text = translated(c, dict(tables.pairs("legacy_encodings", "legacy", "letter", encoding="tcvn3")))
    return F.when(c.rlike("[a-z]"), text).otherwise(F.upper(text))


def _from_vni(c: Column) -> Column:
    """Text in VNI, which writes a vowel and its mark as two letters; the table is in the order of replacement."""
    pairs = tables.pairs("legacy_encodings", "legacy", "letter", encoding="vni")
    marks = F.split(F.lit(";".join(f"{legacy}={letter}" for legacy, letter in pairs)), ";")

    def replaced(text: Column, mark: Column) -> Column:
        """`text` with one pair of the table, `legacy=letter`, applied."""
        return F.replace(text, F.substring_index(mark, "=", 1), F.substring_index(mark, "=", -1))

    return F.aggregate(marks, c, replaced)


def _most_vietnamese(c: Column, *candidates: Column) -> Column:
    """The candidate with the fewest foreign words, the first of equals; `c` if none has fewer, or half foreign."""
    rated = F.array(*[bind(text, partial(_rated, place)) for place, text in enumerate(candidates)])
    words = F.size(F.split(F.trim(c), " +"))
    before = _foreign_words(c)

    def accepted(best: Column) -> Column:
        """The best candidate's text where it is better than `c` and mostly Vietnamese, else `c`."""
        return F.when((best["foreign"] < before) & (best["foreign"] * 2 < words), best["text"]).otherwise(c)

    return bind(F.array_min(rated), accepted)


def _rated(place: int, text: Column) -> Column:
    """A candidate with what it is chosen by."""
    return F.struct(_foreign_words(text).alias("foreign"), F.lit(place).alias("place"), text.alias("text"))


def _foreign_words(c: Column) -> Column:
    """Number of words that are no Vietnamese syllables; numbers are no words."""
    words = F.split(translated(F.lower(c), _toneless()), "[\\s!-/:-@\\[-`{-~]+")
    return F.size(F.filter(words, lambda word: word.rlike("[^0-9]") & ~word.rlike(_SYLLABLE)))


def _toneless() -> dict[str, str]:
    """Vowel with a tone to the vowel without it, a tone by itself to nothing."""
    return dict.fromkeys(TONES, "") | {
        unicodedata.normalize("NFC", vowel + tone): vowel for vowel in "aăâeêioôơuưy" for tone in TONES
    }


def _from_telex(c: Column) -> Column:
    """Words typed in telex while the input method was off, in a text where at least one word can be nothing else."""
    sign = "(?i)(?:aa|ee|oo|dd|[aou]w)[a-z]*[sfrxj](?![a-z])|[aeiouy][a-z]{0,2}[fj](?![a-z])|[aeiouy][fj]|\\bdd[aeiouy]"
    words = F.transform(
        F.split(c, " +"), lambda word: F.when(word.rlike("^[A-Za-z]+$"), bind(word, _telex_word)).otherwise(word)
    )
    return F.when(c.rlike(sign), _most_vietnamese(c, F.array_join(words, " "))).otherwise(c)


def _telex_word(word: Column) -> Column:
    """One word of telex keys as the syllable that they type; the word itself if it is a syllable or makes none."""
    pattern = "^(qu|gi(?=[aeouyw])|[bcdghklmnpqrstvx]*)([aeiouyw]+)([sfrxj]?)(ch|c|m|ng|nh|n|p|t|)([sfrxj]?)$"
    parts = [F.regexp_extract(F.lower(word), pattern, group) for group in range(1, 6)]
    onset, final, tone = F.replace(parts[0], F.lit("dd"), F.lit("đ")), parts[3], F.concat(parts[2], parts[4])
    vowels = reduce(
        lambda text, keys: F.replace(text, F.lit(keys), F.lit(_TELEX_VOWELS[keys])), _TELEX_VOWELS, parts[1]
    )
    syllable = F.concat(onset, vowels, final)
    toned = F.concat(onset, _with_tone(vowels, final, translated(tone, _TELEX_TONES)), final)
    typed = ~F.lower(word).rlike(f"^{ASCII_SYLLABLE}$") & syllable.rlike(_SYLLABLE) & (F.length(tone) < 2)
    return F.when(typed, _in_case_of(word, toned)).otherwise(word)


def _with_tone(vowels: Column, final: Column, tone: Column) -> Column:
    """Vowels of a syllable with the tone on the main one: the marked, the last before a final, first or middle."""
    open_centre = "^(o[ae]|uy|.(?=.?$)|..)(.*)$"
    centre = F.when(vowels.rlike("[ăâêôơư]"), "^(.*[ăâêôơư])(.*)$").when(final != "", "^(.*)()$").otherwise(open_centre)
    return F.regexp_replace(vowels, centre, F.concat(F.lit("$1"), tone, F.lit("$2")))


def _with_lost_letters(c: Column) -> Column:
    """Frequent first and middle syllables of names, letters of which became question marks (`Nguy?n Th? Lan`)."""
    words = F.split(c, " +")
    last = F.size(words) - 1

    def mended(word: Column, at: Column) -> Column:
        """The word at a place of the name (from 0), its lost letters back where the table knows it there."""
        plain = F.lower(word)
        first, middle = (
            lookup(tables.pairs("lost_letters", "damaged", "syllable", place=x), plain) for x in ("first", "middle")
        )
        syllable = F.when(at == 0, first).when(at < last, middle)
        return F.coalesce(_in_case_of(word, syllable), word)

    return F.when(c.rlike("\\?") & (last > 0), F.array_join(F.transform(words, mended), " ")).otherwise(c)


def _in_case_of(word: Column, lowered: Column) -> Column:
    """`lowered` in capitals, with a capital or in small letters, as `word` is."""
    capitals = F.when(~word.rlike("\\p{Ll}") & (F.length(word) > 1), F.upper(lowered))
    return F.coalesce(
        capitals, F.when(word.rlike("^\\p{Ll}|^\\?\\p{Ll}*$"), F.lower(lowered)).otherwise(F.initcap(lowered))
    )
