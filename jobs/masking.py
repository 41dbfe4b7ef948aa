"""Personal data as people may read it: the name, and of an identifier the last four characters (NĐ 252/2026 4.2a)."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

MASK = "****"

# Nine digits or more in a row: an identifier or a telephone number that somebody typed into a text. The last four stay.
_LONG_NUMBER = r"[0-9]{5,}(?=[0-9]{4})"
# The same where the digits may be set apart, as in `0912.345.678`.
_SPACED_NUMBER = r"(?:[0-9][ .\-]?){5,}(?=(?:[0-9][ .\-]?){3}[0-9])"


def last_four(identifier: Column) -> Column:
    """`****1234` of an identifier; `****` where it has four characters or fewer, null where it is null."""
    text = F.trim(identifier)
    return F.when(F.length(text) > 4, F.concat(F.lit(MASK), F.right(text, F.lit(4)))).when(
        text.isNotNull(), F.lit(MASK)
    )


def long_numbers(text: Column) -> Column:
    """A text whose unbroken runs of nine digits or more are cut to the last four; grouped amounts stay readable."""
    return F.regexp_replace(text, _LONG_NUMBER, MASK)


def free_name(name: Column) -> Column:
    """A name that its bearer chose (a shop's, say) without the telephone or identity number that it may contain."""
    return F.regexp_replace(name, _SPACED_NUMBER, MASK)
