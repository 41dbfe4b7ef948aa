"""Literal rows for the tests of gold: silver and match tables of a handful of parties. All names and numbers are invented."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from jobs import tables
from jobs.gold import GoldInputs
from jobs.sources import SOURCES
from jobs.tables import Table

MILLION, BILLION = 1_000_000, 1_000_000_000
EVERY_SOURCE = frozenset(SOURCES)

Row = dict[str, Any]


def frame(spark: SparkSession, table: Table, rows: list[Row]) -> DataFrame:
    """Rows of a table; what a row leaves out is null."""
    unknown = {name for row in rows for name in row} - set(table.columns)
    assert not unknown, unknown
    return spark.createDataFrame([tuple(row.get(name) for name in table.columns) for row in rows], table.schema)


@dataclass
class World:
    """A country in the making; every method adds rows."""

    residents: list[Row] = field(default_factory=list)
    taxpayers: list[Row] = field(default_factory=list)
    declarations: list[Row] = field(default_factory=list)
    bank_accounts: list[Row] = field(default_factory=list)
    sellers: list[Row] = field(default_factory=list)
    sales: list[Row] = field(default_factory=list)
    seller_links: list[Row] = field(default_factory=list)
    holder_links: list[Row] = field(default_factory=list)

    def resident(self, personal_id: str, **values: Any) -> str:
        """A living resident of province 79 in a household of his own."""
        row = {"personal_id": personal_id, "person_id": personal_id, "full_name": f"Người {personal_id[-4:]}"}
        home = {"status": "alive", "province34": "79", "household_id": f"h-{personal_id}"}
        self.residents.append({**row, **home, **values})
        return personal_id

    def shop(self, shop_id: str, to: str | None = None, decision: str | None = None, **values: Any) -> str:
        """A Vietnamese shop, linked to a resident (`to`) or, with `code=`, to a tax code."""
        code, probability = values.pop("code", None), values.pop("p", 0.99)
        link_type, evidence = values.pop("by", "id"), values.pop("evidence", '{"fields": []}')
        declared = {"declared_code": "code"}
        seller = {
            "platform": "san_a",
            "shop_id": shop_id,
            "shop_name": f"Tiệm {shop_id}",
            "country": "VN",
            "province34": "01",
        }
        self.sellers.append({**seller, **{declared.get(name, name): value for name, value in values.items()}})
        decided = decision or ("link" if to or code else "none")
        found = {"decision": decided, "match_type": link_type if decided != "none" else "none", "evidence": evidence}
        row = {"platform": "san_a", "shop_id": shop_id, "personal_id": to, "tax_code": code, **found}
        self.seller_links.append({**row, "match_probability": probability if decided != "none" else None})
        return shop_id

    def sale(
        self, shop_id: str, gross: int, period: str = "2026-02", category: str = "goods", vat: int = 0, pit: int = 0
    ) -> None:
        """A row of sales."""
        year, month = map(int, period.split("-"))
        row = {
            "platform": "san_a",
            "shop_id": shop_id,
            "period": period,
            "category": category,
            "year": year,
            "month": month,
        }
        self.sales.append({**row, "gross_revenue_vnd": gross, "withheld_vat_vnd": vat, "withheld_pit_vnd": pit})

    def seller(self, personal_id: str, revenue: int = 1_200 * MILLION, **values: Any) -> str:
        """A resident with one shop `S-<last four digits>` and its sales in February 2026."""
        self.resident(personal_id)
        shop_id = self.shop(f"S-{personal_id[-4:]}", to=personal_id, **values)
        self.sale(shop_id, revenue)
        return shop_id

    def taxpayer(self, tax_code: str, kind: str, status: str = "00", **values: Any) -> str:
        """A taxpayer; `of` names the residents whom the registry's holder links give it to, `decision` how."""
        of, decision, probability = values.pop("of", ()), values.pop("decision", "link"), values.pop("p", 1.0)
        row = {
            "tax_code": tax_code,
            "code": tax_code,
            "taxpayer_type": kind,
            "status": status,
            "taxpayer_name": f"NNT {tax_code[-4:]}",
        }
        self.taxpayers.append({**row, "is_ecommerce_code": tax_code.endswith("-888"), **values})
        for personal_id in (of,) if isinstance(of, str) else of:
            self.holder("taxpayers", tax_code, decision, personal_id=personal_id, match_probability=probability)
        return tax_code

    def holder(self, source: str, record_key: str, decision: str = "link", **values: Any) -> None:
        """A holder link."""
        row = {
            "source": source,
            "record_key": record_key,
            "decision": decision,
            "match_type": "id",
            "match_probability": 1.0,
        }
        self.holder_links.append({**row, "evidence": "{}", **values})

    def account(self, number: str, decision: str = "link", **values: Any) -> dict[str, str]:
        """An account and its holder link; gives the columns of a shop that is paid into it."""
        own = {name: values.pop(name) for name in ("holder_name", "holder_code") if name in values}
        self.bank_accounts.append({"bank_code": "970436", "account_number": number, "account_norm": number, **own})
        self.holder("bank_accounts", f"970436|{number}", decision, **values)
        return {"payout_bank_code": "970436", "payout_account_number": number, "account_norm": number}

    def declared(self, tax_code: str, period: str, vnd: int) -> None:
        """A declaration."""
        year, _, part = period.partition("-")
        kind: Row = {"quarter": int(part[1])} if part.startswith("Q") else {"month": int(part)} if part else {}
        row = {"tax_code": tax_code, "code": tax_code, "period": period, "declared_revenue_vnd": vnd, "year": int(year)}
        self.declarations.append({**row, **kind})

    def inputs(self, spark: SparkSession, **values: Any) -> GoldInputs:
        """What gold is built from."""
        named = {
            "residents": (tables.RESIDENTS, self.residents),
            "taxpayers": (tables.TAXPAYERS, self.taxpayers),
            "declarations": (tables.DECLARATIONS, self.declarations),
            "bank_accounts": (tables.BANK_ACCOUNTS, self.bank_accounts),
            "sellers": (tables.SELLERS, self.sellers),
            "seller_sales": (tables.SELLER_SALES, self.sales),
            "seller_links": (tables.SELLER_LINKS, self.seller_links),
            "holder_links": (tables.HOLDER_LINKS, self.holder_links),
            "previous_flagged": (tables.FLAGGED_SELLERS, []),
            "previous_parties": (tables.SELLER_PARTIES, []),
        }
        frames: dict[str, Any] = {name: frame(spark, table, rows) for name, (table, rows) in named.items()}
        return GoldInputs(**{**frames, "present": EVERY_SOURCE, **values})


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)
