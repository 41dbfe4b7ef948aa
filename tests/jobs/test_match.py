"""Match: what becomes of links that steps before have made, on literal rows."""

from pyspark.sql import SparkSession

from jobs.match.holders import taxpayer_holders

_LINKS = (
    "record string, decision string, probability double, possible string, match_type string, evidence string, "
    "code string"
)


def test_whose_shop_declares_a_code_that_nobody_certainly_holds_is_held_in_review(spark: SparkSession) -> None:
    taxpayers = spark.createDataFrame(
        [
            ("known", "link", 0.99, "R:owner", "id", "{}", "01"),
            ("unknown", "none", None, None, "none", None, "02"),
            ("undeclared", "none", None, None, "none", None, "03"),
            ("doubtful", "review", 0.4, "R:namesake", "fuzzy", "{}", "04"),
        ],
        _LINKS,
    )
    shops = spark.createDataFrame(
        [(f"shop{code}", "trader", "link", 0.95) for code in ("01", "02", "04")]
        + [("shop03", "trader", "review", 0.5)],
        "shop_id string, personal_id string, decision string, match_probability double",
    ).selectExpr("'platform' platform", "*")
    sellers = shops.selectExpr("platform", "shop_id", "substring(shop_id, 5) code")
    found = taxpayer_holders(taxpayers, shops, sellers).collect()
    assert {(row.record_key, row.personal_id, row.decision, row.match_probability) for row in found} == {
        ("known", "owner", "link", 0.99),
        ("unknown", "trader", "review", 0.95),
        ("undeclared", None, "none", None),
        ("doubtful", "namesake", "review", 0.4),
        ("doubtful", "trader", "review", 0.95),
    }
    assert {row.evidence for row in found if row.personal_id == "trader"} == {
        '{"Gian hàng khai mã số này":"platform|shop02"}',
        '{"Gian hàng khai mã số này":"platform|shop04"}',
    }
