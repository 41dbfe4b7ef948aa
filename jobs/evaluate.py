"""A night's links and flags against the truth of a synthetic country (contract §4): precision, recall, F1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import Column, DataFrame, Row
from pyspark.sql import functions as F

from jobs import tables
from jobs.errors import UserError
from jobs.report import numbers, words
from jobs.storage import Lake

# Reasons that no truth can know: whoever is behind such a shop is another reason's case.
UNSCORED = ("UNRESOLVED_HIGH_REVENUE", "SPLIT_SHOPS")
SHOP_COLUMNS = ("platform", "shop_id", "personal_id", "tax_code")
FLAG_COLUMNS = ("tax_year", "personal_id", "tax_code", "platform", "shop_id", "reason")
BINS = 10


def evaluate(lake: Lake, truth: str) -> dict[str, Any]:
    """Score the night that `lake` is pinned to.

    Args:
        lake: holds `match/seller_links` and `gold/flagged_sellers`.
        truth: folder with `shops.parquet` and `flags.parquet`.

    Returns:
        What the contract names, ready for JSON: `links`, `flags` (by reason), `match_types` (of links), `decisions`,
        `calibration`. A ratio of nothing to nothing is None. Intervals are Wilson's at 95 %.

    Raises:
        UserError: a truth file is missing, is no Parquet, or lacks a column.
    """
    shops = _truth(lake, truth, "shops.parquet", SHOP_COLUMNS)
    flags = _truth(lake, truth, "flags.parquet", FLAG_COLUMNS)
    judged = judge_links(lake.read(tables.SELLER_LINKS), shops).persist()
    try:
        rows = judged.groupBy("decision", "match_type").agg(*_counts()).collect()
        bins = calibration_bins(judged).collect()
    finally:
        judged.unpersist()
    matched = match_flags(lake.read(tables.FLAGGED_SELLERS), flags).collect()
    return {
        "links": _links(rows),
        "flags": {row.reason: scores(row.tp, row.tp + row.fp, row.tp, row.tp + row.fn) for row in matched},
        "match_types": _match_types(rows),
        "decisions": _decisions(rows),
        "calibration": _calibration(bins),
    }


def judge_links(links: DataFrame, shops: DataFrame) -> DataFrame:
    """Each shop of either side, with what is said of it and whether that is true.

    Args:
        links: `match/seller_links`.
        shops: the truth, as `SHOP_COLUMNS`.

    Returns:
        platform, shop_id, decision (`absent` where the shop has no row), match_type, match_probability, `resident` (the
        truth has one), `claimed` (a link, or a row that names somebody), `right` (its personal_id is the truth's;
        without a resident in truth: it names no person, and its tax_code is the truth's).
    """
    true = shops.select(
        "platform", "shop_id", F.col("personal_id").alias("true_id"), F.col("tax_code").alias("true_code")
    )
    resident = F.col("true_id").isNotNull()
    right = F.col("personal_id").eqNullSafe(F.col("true_id")) & (resident | (F.col("tax_code") == F.col("true_code")))
    named = F.col("personal_id").isNotNull() | F.col("tax_code").isNotNull()
    return links.join(true, ["platform", "shop_id"], "full_outer").select(
        *("platform", "shop_id", "match_probability"),
        F.coalesce("decision", F.lit("absent")).alias("decision"),
        F.coalesce("match_type", F.lit("none")).alias("match_type"),
        resident.alias("resident"),
        (F.col("decision").eqNullSafe("link") | named).alias("claimed"),
        F.coalesce(right, F.lit(False)).alias("right"),
    )


def calibration_bins(judged: DataFrame) -> DataFrame:
    """Shops of `judge_links` with a candidate, by tenths of its probability: bin, rows, mean_probability, right."""
    probability = F.col("match_probability")
    bin_ = F.least(F.floor(probability * BINS).cast("int"), F.lit(BINS - 1))
    return (
        judged.where(F.col("claimed") & probability.isNotNull())
        .groupBy(bin_.alias("bin"))
        .agg(
            *(F.count("*").alias("rows"), F.avg(probability).alias("mean_probability")),
            F.count_if("right").alias("right"),
        )
        .orderBy("bin")
    )


def match_flags(cases: DataFrame, flags: DataFrame) -> DataFrame:
    """Open cases against true flags: reason, tp, fp, fn, for the reasons and tax years that the truth holds.

    Args:
        cases: `gold/flagged_sellers`.
        flags: the truth, as `FLAG_COLUMNS`.
    """
    shop = F.try_element_at("shops", F.lit(1))
    open_cases = cases.where(F.col("status") == "open").withColumns(
        {"platform": shop.platform, "shop_id": shop.shop_id}
    )
    true = _flags(flags).where(~F.col("reason").isin(*UNSCORED))
    found = (
        _flags(open_cases)
        .join(true.select("reason").distinct(), "reason", "left_semi")
        .join(true.select("tax_year").distinct(), "tax_year", "left_semi")
    )
    sides = _paired(true, found).withColumn("side", F.lit("true"))
    sides = sides.unionByName(_paired(found, true).withColumn("side", F.lit("found")))
    of_truth, paired = F.col("side") == "true", F.col("paired")
    return (
        sides.groupBy("reason")
        .agg(
            F.count_if(of_truth & paired).alias("tp"),
            F.count_if(~of_truth & ~paired).alias("fp"),
            F.count_if(of_truth & ~paired).alias("fn"),
        )
        .orderBy("reason")
    )


def scores(right: int, claimed: int, found: int, true: int) -> dict[str, Any]:
    """Precision, recall and F1 with their intervals (of F1: the F1 of both lower and of both upper ends).

    Args:
        right: claims that are right.
        claimed: all claims.
        found: how much was found of what there is to find.
        true: what there is to find.
    """
    precision, recall = numbers.share(right, claimed), numbers.share(found, true)
    precision_interval, recall_interval = numbers.wilson(right, claimed), numbers.wilson(found, true)
    ends = zip(precision_interval or (), recall_interval or (), strict=False)
    return {
        **{"precision": precision, "recall": recall, "f1": _f1(precision, recall)},
        **{"precision_interval": precision_interval, "recall_interval": recall_interval},
        "f1_interval": [_f1(*end) for end in ends] or None,
        **{"tp": right, "fp": claimed - right, "fn": true - found},
    }


def as_table(result: Mapping[str, Any]) -> str:
    """The result of `evaluate` as text for a terminal."""
    sections = (
        ("Gắn gian hàng", {"mọi link": result["links"]}),
        ("Theo bằng chứng", _named(words.MATCH_TYPES, result["match_types"])),
        ("Theo quyết định", _named(words.DECISIONS, result["decisions"])),
        ("Gắn cờ", _named(words.REASONS, result["flags"])),
    )
    lines = [line for title, entries in sections for line in _section(title, entries)]
    return "\n".join([*lines, *_calibration_lines(result["calibration"])])


def _truth(lake: Lake, folder: str, name: str, columns: Sequence[str]) -> DataFrame:
    path = f"{folder.rstrip('/')}/{name}"
    if not lake.files.exists(path):
        raise UserError(f"truth: {path} is missing")
    try:
        found = lake.spark.read.parquet(path)
    except (PySparkException, Py4JJavaError):
        raise UserError(f"truth: {path} is not readable as Parquet") from None
    missing = [column for column in columns if column not in found.columns]
    if missing:
        raise UserError(f"truth: {path} lacks the columns {', '.join(missing)}")
    # An empty text is no value, as in the deliveries.
    texts = {column: F.nullif(F.trim(F.col(column).cast("string")), F.lit("")) for column in columns}
    return found.select(*(text.alias(column) for column, text in texts.items()))


def _flags(flags: DataFrame) -> DataFrame:
    """tax_year, reason, personal_id, own (what tells the flag from others), keys (all it is known by); each once."""
    shop = F.concat(F.lit("shop "), "platform", F.lit(" "), "shop_id")
    person, code = F.concat(F.lit("person "), "personal_id"), F.concat(F.lit("code "), "tax_code")
    return flags.select(
        F.col("tax_year").try_cast("int").alias("tax_year"),
        *("reason", "personal_id"),
        F.coalesce(person, shop, code).alias("own"),
        F.array_compact(F.array(person, code, shop)).alias("keys"),
    ).dropDuplicates(["tax_year", "reason", "own"])


def _paired(flags: DataFrame, others: DataFrame) -> DataFrame:
    """reason, paired: whether one of the others is the same flag: it has a key in common, and no other person.

    The contract's `by personal_id, else tax_code, else shop`, where one side may lack the first. Columns in: those of
    `_flags`.
    """
    named = flags.withColumn("key", F.explode("keys"))
    known = others.select("tax_year", "reason", F.col("personal_id").alias("other"), F.explode("keys").alias("key"))
    # A code or shop in common says nothing of two who are known to be different people.
    same = named.join(known, ["tax_year", "reason", "key"]).where(
        F.coalesce(F.col("personal_id") == F.col("other"), F.lit(True))
    )
    pairs = same.select("tax_year", "reason", "own").distinct().withColumn("paired", F.lit(True))
    joined = flags.join(pairs, ["tax_year", "reason", "own"], "left")
    return joined.select("reason", F.coalesce("paired", F.lit(False)).alias("paired"))


def _counts() -> tuple[Column, ...]:
    """Aggregates of `judge_links` from which every score of links follows."""
    right, resident = F.col("right"), F.col("resident")
    return (
        F.count("*").alias("rows"),
        F.count_if("claimed").alias("claimed"),
        F.count_if(right).alias("right"),
        F.count_if(resident).alias("residents"),
        F.count_if(right & resident).alias("found"),
    )


def _links(rows: Sequence[Row]) -> dict[str, Any]:
    links = [row for row in rows if row.decision == "link"]
    review = [row for row in rows if row.decision == "review"]
    return {**_scores_of(links, rows), "review": _sum(review, "rows"), "review_right": _sum(review, "right")}


def _match_types(rows: Sequence[Row]) -> dict[str, Any]:
    """By the evidence that carries a link; recall is of all residents, so the recalls add up to that of all links."""
    links = [row for row in rows if row.decision == "link"]
    kinds = sorted({row.match_type for row in links})
    return {kind: _scores_of([row for row in links if row.match_type == kind], rows) for kind in kinds}


def _decisions(rows: Sequence[Row]) -> dict[str, Any]:
    """By decision, with the shops and the residents behind them."""
    by_decision = {
        name: [row for row in rows if row.decision == name] for name in sorted({row.decision for row in rows})
    }
    return {
        name: {**_scores_of(mine, rows), "rows": _sum(mine, "rows"), "residents": _sum(mine, "residents")}
        for name, mine in by_decision.items()
    }


def _scores_of(rows: Sequence[Row], all_rows: Sequence[Row]) -> dict[str, Any]:
    return scores(_sum(rows, "right"), _sum(rows, "claimed"), _sum(rows, "found"), _sum(all_rows, "residents"))


def _sum(rows: Sequence[Row], name: str) -> int:
    return sum(int(row[name]) for row in rows)


def _f1(precision: float | None, recall: float | None) -> float | None:
    if precision is None or recall is None:
        return None
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _calibration(bins: Sequence[Row]) -> dict[str, Any]:
    """Expected calibration error and the bins it comes from."""
    rows = sum(row.rows for row in bins)
    gap = sum(row.rows * abs(row.mean_probability - row.right / row.rows) for row in bins)
    return {
        "ece": gap / rows if rows else None,
        "bins": [
            {
                **{"from": row.bin / BINS, "to": (row.bin + 1) / BINS, "rows": row.rows},
                **{"mean_probability": row.mean_probability, "right": row.right / row.rows},
                "right_interval": numbers.wilson(row.right, row.rows),
            }
            for row in bins
        ],
    }


def _named(terms: Mapping[str, Any], entries: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{code} ({words.say(terms, code)})" if code in terms else code: entry for code, entry in entries.items()}


def _section(title: str, entries: Mapping[str, Any]) -> list[str]:
    heads = ("chính xác", "khoảng 95 %", "bao phủ", "khoảng 95 %", "F1", "đúng", "sai", "sót")
    head = f"{title:<58}" + "".join(f"{name:>14}" for name in heads)
    return [head, *(f"  {name:<56}" + _line(entry) for name, entry in entries.items()), ""]


def _line(entry: Mapping[str, Any]) -> str:
    cells = (
        *(_share(entry["precision"]), _interval(entry["precision_interval"])),
        *(_share(entry["recall"]), _interval(entry["recall_interval"]), _share(entry["f1"])),
        *(numbers.count(entry[name]) for name in ("tp", "fp", "fn")),
    )
    return "".join(f"{cell:>14}" for cell in cells)


def _share(value: float | None) -> str:
    return numbers.decimal(value, 4)


def _interval(ends: Sequence[float] | None) -> str:
    return numbers.NOTHING if ends is None else f"{numbers.decimal(ends[0], 3)}–{numbers.decimal(ends[1], 3)}"


def _calibration_lines(calibration: Mapping[str, Any]) -> list[str]:
    return [f"Hiệu chỉnh xác suất, ECE {_share(calibration['ece'])}", *map(_bin_line, calibration["bins"])]


def _bin_line(one: Mapping[str, Any]) -> str:
    return (
        f"  {numbers.decimal(one['from'], 1)}–{numbers.decimal(one['to'], 1)}: {numbers.count(one['rows'])} gian hàng, "
        f"xác suất {_share(one['mean_probability'])}, "
        f"thực đúng {_share(one['right'])} ({_interval(one['right_interval'])})"
    )
