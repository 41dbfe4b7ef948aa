"""The picture of a source: of all deliveries that count, the newest row of each key (contract §1)."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.deliveries import History
from jobs.outcomes import Change
from jobs.sources import Source

# Rows of deliveries whose keys every task may hold; Spark, which knows no more than the size of their files, would
# spread the whole picture by its key to look these up.
_FEW_ROWS = 300_000


def picture(bronze: DataFrame, source: Source, members: History) -> DataFrame:
    """The present state of a source, one row a key.

    The newest `updated_at` wins, then the later business date, then the greater hash of the row; file and row number
    only choose between rows that are equal. Where a deletion wins the key is gone.

    Args:
        bronze: the source's bronze table.
        source: the source.
        members: deliveries that make the picture (`deliveries.members`).

    Returns:
        Columns of `Source.picture_schema`.
    """
    columns = [name for name in source.picture_schema.names if name not in source.key]
    order = ["updated_at", "_delivery_date", "_row_hash", "_file", "_row_number"]
    rest = [name for name in (*columns, "_change_type") if name not in order]
    # Spread by key first: the aggregate would otherwise sort every row twice, before the exchange and after it.
    rows = _rows(bronze, members).repartition(*source.key)
    newest = rows.groupBy(*source.key).agg(F.max(F.struct(*order, *rest)).alias("newest"))
    present = newest.where(F.col("newest._change_type").isNull() | (F.col("newest._change_type") != "D"))
    return present.select(*source.key, "newest.*").select(*source.picture_schema.names)


def change(bronze: DataFrame, source: Source, before: History, after: History) -> Change:
    """From the picture that some deliveries made to the one that others make.

    Only keys that a delivery brings which is in one of the two alone can have changed; a full brings all.

    Args:
        bronze: the source's bronze table.
        source: the source.
        before: deliveries that made the one (`deliveries.members`); none: the whole of the other is new.
        after: deliveries that make the other.
    """
    left, come = {each.key for each in before}, {each.key for each in after}
    apart = tuple(each for each in (*before, *after) if each.key in left ^ come)
    if not before or any(each.mode == "full" for each in apart):
        return Change(picture(bronze, source, after))
    if all(each.kept == 0 for each in apart):
        return Change(None)
    touched = _rows(bronze, apart).select(*source.key).distinct()
    if sum(_FEW_ROWS if each.kept is None else each.kept for each in apart) < _FEW_ROWS:
        touched = F.broadcast(touched)
    return Change(picture(bronze.join(touched, [*source.key], "left_semi"), source, after), touched)


def key_count(bronze: DataFrame, source: Source, members: History) -> int:
    """Number of different keys that deliveries bring."""
    return _rows(bronze, members).select(*source.key).distinct().count()


def _rows(bronze: DataFrame, members: History) -> DataFrame:
    dates = F.col("_delivery_date").isin(*(each.delivery_date for each in members))
    return bronze.where(dates & F.col("_manifest_sha256").isin(*(each.manifest_sha256 for each in members)))
