"""Phone numbers in today's form: ten digits for mobiles, whatever way and whenever they were written."""

from pyspark.sql import Column
from pyspark.sql import functions as F

from matching import tables
from matching.expressions import bind, extracted, lookup

_MASK = "[*•#…xX]"
# Most numbers are written as they are dialled, and need no closer look.
_PLAIN = "^0[35789][0-9]{8}\\z"


def phone(c: Column) -> Column:
    """Today's national number: ten digits `0XXXXXXXXX` of a mobile, eleven `02XXXXXXXXX` of a land line; else null.

    Takes +84, 84, 0084, a missing leading zero, separators, several numbers in one field (the first counts) and the
    11-digit mobile numbers of before 2018 (converted by table). Masked numbers give null.
    """
    return F.when(c.rlike(_PLAIN), c).when(~c.rlike(_MASK), bind(_national(c), _today))


def phone_grade(c: Column) -> Column:
    """`ok` (known mobile prefix), `suspicious` (land line or unknown prefix), `invalid`; null: none or masked."""
    mobile = tables.alternation(tables.values("mobile_prefixes", "prefix"))
    number = phone(c)
    grade = F.when(number.rlike(f"^{mobile}"), "ok").when(number.isNotNull(), "suspicious")
    return grade.when((F.trim(c) != "") & ~c.rlike(_MASK), "invalid")


def mask_prefix(c: Column) -> Column:
    """Digits shown before the mask of a number, in national form (`+849****1234`: `09`); null if not masked or none."""
    shown = extracted(c, f"^([+()0-9 .\\-]*[0-9])[ .\\-]*{_MASK}")
    return F.regexp_replace(F.regexp_replace(shown, "[^0-9]", ""), "^(?:00)?84", "0")


def mask_suffix(c: Column) -> Column:
    """Digits that a masked number shows after the mask (`09****1234`: `1234`); null if not masked or none."""
    return extracted(F.regexp_replace(c, "[ .\\-]", ""), f"{_MASK}([0-9]+)$")


def _national(c: Column) -> Column:
    """Digits of the first number in the field without the country code."""
    first = F.regexp_replace(F.regexp_replace(c, "[/;,|].*$", ""), "[^0-9]", "")
    return F.regexp_replace(first, "^(?:00)?84(?=0?(?:[35789][0-9]{8}|1[0-9]{9}|2[0-9]{9})$)", "")


def _today(national: Column) -> Column:
    """Today's number of the digits that `_national` gives; null if they are none."""
    same = F.concat(F.lit("0"), extracted(national, "^0?([35789][0-9]{8}|2[0-9]{9})$"))
    return F.coalesce(same, bind(extracted(national, "^0?(1[0-9]{9})$"), _converted))


def _converted(old: Column) -> Column:
    """Ten digits of an old mobile number given without its leading zero; null if its prefix never existed."""
    prefixes = [(left[1:], right) for left, right in tables.pairs("phone_prefixes_2018", "old_prefix", "new_prefix")]
    return F.concat(lookup(prefixes, F.substring(old, 1, 3)), F.substring(old, 4, 7))
