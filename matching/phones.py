"""Phone numbers in today's form: ten digits for mobiles, whatever way and whenever they were written."""

from pyspark.sql import Column
from pyspark.sql import functions as F

from matching import tables
from matching.expressions import bind, extracted, lookup

_MASK = "[*•#…xX]"


def phone(c: Column) -> Column:
    """Today's national number: ten digits `0XXXXXXXXX` of a mobile, eleven `02XXXXXXXXX` of a land line; else null.

    Takes +84, 84, 0084, a missing leading zero, separators, several numbers in one field (the first counts) and the
    11-digit mobile numbers of before 2018 (converted by table). Masked numbers give null.
    """
    old = bind(extracted(_national(c), "^0?(1[0-9]{9})$"), _converted)
    today = F.concat(F.lit("0"), extracted(_national(c), "^0?([35789][0-9]{8}|2[0-9]{9})$"))
    return F.when(~c.rlike(_MASK), F.coalesce(today, old))


def phone_grade(c: Column) -> Column:
    """`ok` (known mobile prefix), `suspicious` (land line or unknown prefix), `invalid`; null: none or masked."""
    mobile = tables.alternation(tables.values("mobile_prefixes", "prefix"))
    grade = bind(
        phone(c), lambda p: F.when(p.isNull(), "invalid").when(p.rlike(f"^{mobile}"), "ok").otherwise("suspicious")
    )
    return F.when((F.trim(c) != "") & ~c.rlike(_MASK), grade)


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


def _converted(old: Column) -> Column:
    """Ten digits of an old mobile number given without its leading zero; null if its prefix never existed."""
    prefixes = [(left[1:], right) for left, right in tables.pairs("phone_prefixes_2018", "old_prefix", "new_prefix")]
    return F.concat(lookup(prefixes, F.substring(old, 1, 3)), F.substring(old, 4, 7))
