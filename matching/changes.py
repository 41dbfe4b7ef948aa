"""What has changed of a table since it was last looked at, and which records that may reach.

Whatever a record came to holds as long as its own row and the rows behind every key that it asks for are what they
were. So keys are followed, not rows: `reached` may name a record too many, which costs computing it again, and never
one too few.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F


@dataclass(frozen=True)
class Tracked:
    """A table, and how it differs from what it was.

    Attributes:
        now: its rows.
        moved: of keys whose rows have changed the rows now (`is_now`) and the rows then; None where nothing is known of
            what it was.
    """

    now: DataFrame
    moved: DataFrame | None = None

    @property
    def changed(self) -> DataFrame:
        """What is `moved`.

        Raises:
            ValueError: nothing is known of what the table was.
        """
        if self.moved is None:
            raise ValueError("nothing is known of what the table was")
        return self.moved

    def mapped(self, change: Callable[[DataFrame], DataFrame]) -> Tracked:
        """The table after a change that makes each row by itself (or none) and leaves `is_now` where it is."""
        return Tracked(change(self.now), None if self.moved is None else change(self.moved))


def still(now: DataFrame) -> Tracked:
    """A table of which nothing has changed."""
    return Tracked(now, now.withColumn("is_now", F.lit(True)).where(F.lit(False)))


def moved(now: DataFrame, then: DataFrame, *key: str) -> DataFrame:
    """Rows of the keys whose rows are not the same in two tables.

    Both are computed once, with all their columns; of large ones that hardly differ `differing` names the keys first.

    Columns in: the same of both, `key` among them. Columns out: those and is_now (false: a row of `then`).
    """
    both = now.withColumn("is_now", F.lit(True)).unionByName(then.withColumn("is_now", F.lit(False)))
    row = _row(now.columns).cast("decimal(20,0)")
    balance = F.sum(F.when(F.col("is_now"), row).otherwise(-row)).over(Window.partitionBy(*key))
    return both.withColumn("balance", balance).where("balance <> 0").drop("balance")


def differing(now: DataFrame, then: DataFrame, *key: str) -> DataFrame:
    """Keys whose row stands in one of two tables alone. Columns in: the same of both. Columns out: those of the key."""
    rows = [
        table.select(*key, _row(now.columns).alias("row"), F.lit(sign).alias("sign"))
        for table, sign in ((now, 1), (then, -1))
    ]
    counted = rows[0].unionByName(rows[1]).groupBy(*key, "row").agg(F.sum("sign").alias("sign"))
    return counted.where("sign <> 0").select(*key).distinct()


def _row(columns: Sequence[str]) -> Column:
    """A row as a number."""
    # Each value hashed by itself: a null would leave no trace, and two values that change places none either.
    return F.xxhash64(*(F.xxhash64(name) for name in columns))


def of(table: DataFrame, those: DataFrame | None, *key: str) -> DataFrame:
    """Rows of some keys; all rows where `those` is None."""
    return table if those is None else table.join(those, [*key], "left_semi")


def keys(kind: str, *tables: tuple[DataFrame, Column]) -> DataFrame:
    """Values that stand in some tables, as keys of a kind. Columns out: kind, key (null where the value is)."""
    named = [table.select(F.lit(kind).alias("kind"), value.cast("string").alias("key")) for table, value in tables]
    return reduce(DataFrame.unionByName, named)


def reached(records: DataFrame, asks: Mapping[str, Column], changed: Iterable[DataFrame]) -> DataFrame:
    """Records that ask for a key which has changed.

    Columns in: record and what `asks` needs (kind of key → array of the keys of that kind that a record asks for); of
    each of `changed` those of `keys`. Columns out: record.
    """
    asked = F.concat(*(F.transform(keys, _of_kind(kind)) for kind, keys in asks.items()))
    found = records.select("record", F.explode(asked).alias("asked")).select("record", "asked.*")
    known = reduce(DataFrame.unionByName, changed).where("key is not null").distinct()
    return found.join(known, ["kind", "key"], "left_semi").select("record").distinct()


def _of_kind(kind: str) -> Callable[[Column], Column]:
    return lambda key: F.struct(F.lit(kind).alias("kind"), key.cast("string").alias("key"))
