"""Ways in which Vietnamese text arrives (DOMAIN 7.5): each a function from a word to how it stands in the data."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

_STROKE = str.maketrans("đĐ", "dD")  # U+0111 does not decompose
_TONES = {"\u0300": "f", "\u0301": "s", "\u0309": "r", "\u0303": "x", "\u0323": "j"}  # as typed in telex
_SHAPES = {"\u0306": "w", "\u0302": "^", "\u031b": "w"}

# TCVN3 (ABC): a base letter with its shape, then the bytes of: no tone, grave, hook, tilde, acute, dot below.
_TCVN3_ROWS = (
    "a aµ¶·¸¹",
    "ă ¨»¼½¾Æ",
    "â ©ÇÈÉÊË",
    "e eÌÎÏÐÑ",
    "ê ªÒÓÔÕÖ",
    "i i×ØÜÝÞ",
    "o oßáâãä",
    "ô «åæçèé",
    "ơ ¬êëìíî",
    "u uïñòóô",
    "ư \u00adõö÷øù",
    "y yúûüýþ",
)
_TCVN3_CAPITALS = {"Ă": "¡", "Â": "¢", "Ê": "£", "Ô": "¤", "Ơ": "¥", "Ư": "¦", "Đ": "§", "đ": "®"}
# VNI: the letter that follows the base letter, by shape and then tone (grave, hook, tilde, acute, dot below).
_VNI_PLAIN, _VNI_HAT, _VNI_BREVE = "øûõùï", "âàåãáä", "êèúüéë"
_VNI_I = {"ì": "ì", "ỉ": "æ", "ĩ": "ó", "í": "í", "ị": "ò"}
_TONE_ORDER = "\u0300\u0309\u0303\u0301\u0323"

_OPEN_SYLLABLE = re.compile(
    r"([oO])([\u0300\u0301\u0303\u0309\u0323])([aeAE])$|([uU])([\u0300\u0301\u0303\u0309\u0323])([yY])$"
)
_FINAL_Y = re.compile(r"^([hklmstvHKLMSTV]|[tT][hH])([yY])([\u0300\u0301\u0303\u0309\u0323]?)$")


def without_marks(text: str) -> str:
    """Plain ASCII letters: marks stripped, đ to d."""
    bare = "".join(mark for mark in unicodedata.normalize("NFD", text) if not unicodedata.combining(mark))
    return bare.translate(_STROKE)


def decomposed(text: str) -> str:
    """The same letters as base letters and combining marks (NFD)."""
    return unicodedata.normalize("NFD", text)


def read_as_cp1252(text: str) -> str:
    """UTF-8 bytes read as Windows-1252; bytes that it does not know pass as Latin-1 control characters."""
    return "".join(_cp1252(byte) for byte in text.encode())


def _cp1252(byte: int) -> str:
    try:
        return bytes([byte]).decode("cp1252")
    except UnicodeDecodeError:
        return chr(byte)


def with_question_marks(text: str) -> str:
    """Letters that Windows-1252 cannot hold became `?`."""
    return text.encode("cp1252", errors="replace").decode("cp1252")


def _tcvn3_table() -> dict[str, str]:
    table = dict(_TCVN3_CAPITALS)
    for row in _TCVN3_ROWS:
        base, codes = row.split(" ", 1)
        for tone, code in zip(("", *_TONE_ORDER), codes, strict=True):
            letter = unicodedata.normalize("NFC", base + tone)
            table[letter] = code
            if tone:  # capitals with a tone exist only in the capital font, under the same codes
                table[letter.upper()] = code
    return table


_TCVN3 = _tcvn3_table()


def as_tcvn3(text: str) -> str:
    """Text in the TCVN3 (ABC) encoding, seen through a Unicode font: `NguyÔn`."""
    return "".join(_TCVN3.get(letter, letter) for letter in text)


def as_vni(text: str) -> str:
    """Text in the VNI encoding, seen through a Unicode font: `Nguyeãn`."""
    return "".join(_vni(letter) for letter in text)


def _vni(letter: str) -> str:
    if letter in "đĐ":
        return "ñ" if letter == "đ" else "Ñ"
    if letter.lower() in _VNI_I:
        return _VNI_I[letter.lower()]
    spread = unicodedata.normalize("NFD", letter)
    base, marks = spread[0], spread[1:]
    tone = next((mark for mark in marks if mark in _TONE_ORDER), "")
    place = _TONE_ORDER.index(tone) if tone else -1
    if "\u031b" in marks:
        horned = {"o": "ô", "u": "ö", "O": "Ô", "U": "Ö"}[base]
        return horned + (_VNI_PLAIN[place] if tone else "")
    for shape, codes in (("\u0302", _VNI_HAT), ("\u0306", _VNI_BREVE)):
        if shape in marks:
            return base + codes[place + 1]
    return base + (_VNI_PLAIN[place] if tone else "")


def as_telex(text: str) -> str:
    """Keys typed in telex with the input method off: `Nguyeenx`."""
    return " ".join(_telex(word) for word in text.split(" "))


def _telex(word: str) -> str:
    keys: list[str] = []
    tone = ""
    for mark in unicodedata.normalize("NFD", word):
        if mark in _TONES:
            tone = _TONES[mark]
        elif mark in _SHAPES:
            keys.append(keys[-1].lower() if _SHAPES[mark] == "^" else _SHAPES[mark])
        else:
            keys.append(mark.translate(_STROKE) + ("d" if mark in "đĐ" else ""))
    return "".join(keys) + tone


def with_other_tone_place(text: str) -> str:
    """The tone mark of open oa, oe, uy on the other vowel: `Hòa` to `Hoà`; never after q."""
    return " ".join(_other_tone_place(word) for word in text.split(" "))


def _other_tone_place(word: str) -> str:
    spread = unicodedata.normalize("NFD", word)
    if spread[:1] in "qQ":
        return word
    moved = _OPEN_SYLLABLE.sub(lambda m: (m[1] + m[3] + m[2]) if m[1] else (m[4] + m[6] + m[5]), spread)
    return unicodedata.normalize("NFC", moved)


def with_i_for_y(text: str) -> str:
    """`Lý` to `Lí`, `Kỳ` to `Kì`, `Thy` to `Thi`: a lone final y after a consonant."""
    return " ".join(_i_for_y(word) for word in text.split(" "))


def _i_for_y(word: str) -> str:
    spread = _FINAL_Y.sub(lambda m: m[1] + ("i" if m[2] == "y" else "I") + m[3], unicodedata.normalize("NFD", word))
    return unicodedata.normalize("NFC", spread)


def misspelled(text: str) -> str:
    """A slip of the keyboard: a letter doubled or left out, chosen by the word itself."""
    place = sum(map(ord, text)) % max(len(text) - 1, 1) + 1
    if len(text) > 3 and place % 2:
        return text[:place] + text[place + 1 :]
    return text[:place] + text[place - 1 :]


STYLES: dict[str, Callable[[str], str]] = {
    "plain": lambda text: text,
    "upper": str.upper,
    "lower": str.lower,
    "unaccented": without_marks,
    "unaccented_upper": lambda text: without_marks(text).upper(),
    "unaccented_lower": lambda text: without_marks(text).lower(),
    "decomposed": decomposed,
    "cp1252": read_as_cp1252,
    "question_marks": with_question_marks,
    "tcvn3": as_tcvn3,
    "vni": as_vni,
    "telex": as_telex,
    "tone_place": with_other_tone_place,
    "i_for_y": with_i_for_y,
    "misspelled": misspelled,
}
STYLE_CODES = {name: code for code, name in enumerate(STYLES)}
PLAIN = STYLE_CODES["plain"]
