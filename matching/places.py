"""Places: provinces on the 34-unit system of 1 July 2025, and keys in which retyped addresses meet."""

from functools import cache

from pyspark.sql import Column
from pyspark.sql import functions as F

from matching import tables, text
from matching.expressions import bind, empty_to_null, extracted, lookup
from matching.names import plain

_UNITS = (
    *("phuong", "p", "quan", "q", "thanh pho", "tp", "tinh", "xa", "x", "thi xa", "tx", "thi tran", "tt", "huyen", "h"),
    *("duong", "d", "pho", "so nha", "so", "sn", "viet nam", "vn"),
)
_PARTS = ("khu pho", "kp", "to dan pho", "tdp", "to", "thon", "ap", "khom", "hem", "ngo", "ngach", "kiet", "duong")

# Number and street up to the first comma, or up to the second where the first part is but a number.
_NUMBER = "(?iu)^\\s*+(?:s[ốo](?: nh[àa])?|sn|nh[àa] s[ốo]|h[ẻe]m|ng[õo]|ki[ệe]t)?[ .:]*+"
_HEAD = f"{_NUMBER}([0-9][^,;]*\\p{{L}}[^,;]*|[0-9][^,;\\p{{L}}]*[,;][^,;]*\\p{{L}}[^,;]*)"

# What people add for whoever brings a parcel: behind the address in brackets, after a dash or a word that begins a
# note; before it who sends it, or a telephone number. A dash may also stand between the parts of an address.
_BEHIND = (
    "g[ặa]p|g[ầa]n|đ[ốo]i di[ệe]n|b[êe]n c[ạa]nh|c[ạa]nh|k[ếe] b[êe]n|sau l[ưu]ng|c[ổo]ng sau|li[êe]n h[ệe]|lh|sđt|sdt"
)
_PART = (
    "s[ốo]|t[ổo]|th[ôo]n|x[óo]m|[ấa]p|kh[óo]m|[đd](?:ường|uong)|ph[ốo]|x[ãa]|ph(?:ường|uong)|q(?:u[ậa]n)?|p|h|huy[ệe]n|"
    "t[ỉi]nh|tp|th[àa]nh ph[ốo]|th[ịi]|tx|tt"
)
_NOTES = (
    f"(?iu)^[^,]*?(?:ng[ưu][ờo]i (?:g[ửu]i|nh[ậa]n)|\\b0[0-9]{{9}}\\b)[^,]*+,\\s*+"
    f"|\\s*+(?:\\([^()]*+\\)?|[-–]?\\s*+\\b(?:{_BEHIND})\\b[^,]*+)$"
    f"|(,[^,–-]*+)(?<=\\s)[-–]\\s*+(?-i:(?!(?:{_PART})\\b)\\p{{Ll}})[^,–-]*+$"
)


def province34(code: Column, version: Column) -> Column:
    """Two-digit code in the 34-province system of a two-digit code and the system (`63` or `34`) that it belongs to.

    Without a version a code counts only if both systems give the same answer or one system alone has it: 15, 24, 44,
    52, 80, 82 and 91 belonged to another province before. Null for a code that its system does not have.
    """
    old = {row["old_code3"][1:]: row["new_code2"] for row in tables.rows("provinces")}
    new = {code: code for code in old.values()}
    certain = {code: old.get(code, code) for code in old | new if old.get(code, code) == new.get(code, old.get(code))}
    two_digits = F.lpad(extracted(code, "^\\s*0?([0-9]{1,2})\\s*$"), 2, "0")
    system = F.coalesce(extracted(version, "^\\s*(63|34)\\s*$"), F.lit(""))
    keyed = [
        (prefix + left, right)
        for prefix, table in (("63", old), ("34", new), ("", certain))
        for left, right in table.items()
    ]
    return lookup(keyed, F.concat(system, two_digits))


def without_notes(c: Column) -> Column:
    """An address without what people add for whoever brings a parcel (`… (đối diện trường học)`, `Người gửi: Lan, …`).

    Columns in: text in NFC.
    """
    return F.trim(F.regexp_replace(c, _NOTES, "$1"))


def province_in_text(c: Column) -> Column:
    """34-system code of the province, old or new, named at the end of an address; null if there is none."""
    return bind(F.regexp_replace(text.fold(c), " (?:viet nam|vietnam|vn)$", ""), _at_end)


def _at_end(folded: Column) -> Column:
    """The code of the province whose name is the last words of a folded text.

    Not of an `address_key`: those of Hà Tĩnh, Hải Dương and Bình Dương lack a word that is an administrative one too.
    """
    return F.coalesce(*[lookup(_province_names(), F.substring_index(folded, " ", -count)) for count in (2, 3, 1, 4, 5)])


def address_key(c: Column) -> Column:
    """Folded address without administrative words and their abbreviations: retyped forms of one address are equal."""
    return empty_to_null(F.trim(_without_units(text.fold(c))))


def group_key(address_key: Column, house_key: Column) -> Column:
    """Key of those who live in one group of houses: of an address that begins with a number and names no street.

    Of most of the countryside, `Tổ 8, Khóm Mỹ Đức, Xã Trung Đông`: no house has a number there. Null for other
    addresses.
    """
    return F.when(house_key.isNull() & address_key.rlike("^[0-9]"), address_key)


def house_key(c: Column) -> Column:
    """House number and street at the head of an address, folded; null if the address does not begin with a number."""
    head = _without_units(text.fold(F.regexp_extract(c, _HEAD, 1)))
    return extracted(F.trim(head), "^([0-9].*[a-z].*)$")


def _without_units(folded: Column) -> Column:
    """A folded address without administrative words, numbers without leading zeros."""
    # The folded text is named once: Spark would fold it anew at every mention.
    words = F.concat(F.lit(" "), folded, F.lit(" "))
    for name in ("tphcm", "hcm", "sai gon"):
        words = F.replace(words, F.lit(f" {name} "), F.lit(" ho chi minh "))
    units = tables.alternation((*_UNITS, *_PARTS))
    return F.regexp_replace(F.regexp_replace(words, f" {units}(?= )", ""), " (?:(?:p|q|kp)0*|0+)(?=[0-9])", " ")


@cache
def _province_names() -> tuple[tuple[str, str], ...]:
    """Folded name of every province, old and new, and of its other spellings, with its 34-system code."""
    old = [(plain(name), code) for name, code in tables.pairs("provinces", "old_name", "new_code2")]
    new = [(plain(name), code) for name, code in tables.pairs("provinces", "new_name", "new_code2")]
    return tuple(sorted({*old, *new, *tables.pairs("province_aliases", "alias", "new_code2")}))
