"""Dates of birth as agencies write them: full, year only, or wrong."""

from pyspark.sql import Column
from pyspark.sql import functions as F

from matching.expressions import extracted

_YEAR = "(?:19|20)[0-9]{2}"


def birth_date(c: Column) -> Column:
    """Full date of birth (date) of `YYYY-MM-DD` text; null for a year only or a day that no calendar has."""
    return extracted(c, f"^\\s*({_YEAR}-[0-9]{{2}}-[0-9]{{2}})\\s*$").try_cast("date")


def birth_year(c: Column) -> Column:
    """Year of birth (int, 1900 to 2099) of `YYYY-MM-DD`, `YYYY-00-00` or `YYYY`, also where the day is impossible."""
    return extracted(c, f"^\\s*({_YEAR})(?:-[0-9]{{2}}-[0-9]{{2}})?\\s*$").cast("int")


def birth_precision(c: Column) -> Column:
    """`day` where the full date is known, `year` where only the year is, else null."""
    return F.when(birth_date(c).isNotNull(), "day").when(birth_year(c).isNotNull(), "year")
