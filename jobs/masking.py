"""Personal data as people may read it: the name, and of an identifier the last four characters (NĐ 252/2026 4.2a)."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

MASK = "****"

# Nine digits or more, which may be set apart as in `0912.345.678` or `(091) 234 5678`: an identifier or a telephone
# number that somebody typed into a text. The last four stay. Of a longer one piece by piece: Java calls itself once a
# digit.
_DIGIT = r"[0-9][\s\u00a0.\-–—_/()]{0,3}"
_SPACED_NUMBER = f"(?:{_DIGIT}){{5,64}}(?=(?:{_DIGIT}){{3}}[0-9])"


def last_four(identifier: Column) -> Column:
    """`****1234` of an identifier; `****` where it has four characters or fewer, null where it is null."""
    text = F.trim(identifier)
    return F.when(F.length(text) > 4, F.concat(F.lit(MASK), F.right(text, F.lit(4)))).when(
        text.isNotNull(), F.lit(MASK)
    )


def tax_code(code: Column) -> Column:
    """`****1234` of a tax code, `****1234-888` of one with a suffix, which says nothing of whose it is."""
    text = F.trim(code)
    root = F.substring_index(text, "-", 1)
    return F.concat(last_four(root), F.regexp_extract(text, "(-[0-9]{3})$", 1))


def short_code(code: Column) -> Column:
    """A code of up to three characters as it stands; what is longer is none, and may be a number that slipped in."""
    return F.when(F.length(code) <= 3, code).otherwise(last_four(code))


# Ends of lines, marks that turn text around, and what cannot be seen: a name that holds them could look like more than
# a name, like a line of the evidence.
_UNSEEN = r"[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+"


def free_name(name: Column) -> Column:
    """A name that its bearer chose (a shop's, say) without the telephone or identity number that it may contain.

    In one line, of letters that can be seen.
    """
    return F.regexp_replace(F.trim(F.regexp_replace(name, _UNSEEN, " ")), _SPACED_NUMBER, MASK)
