"""A small country for the tests of gold: silver and match rows by name. All people and numbers are invented."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass, field

from pyspark.sql import DataFrame, SparkSession

from jobs import tables
from jobs.gold import GoldInputs
from jobs.settings import GoldSettings
from jobs.sources import SOURCES
from jobs.tables import Table

MILLION, BILLION = 1_000_000, 1_000_000_000
SETTINGS = GoldSettings(hash_key="a key for tests")
EVERY_SOURCE = frozenset(SOURCES)

Value = str | int | float | bool | dt.date | None | list[str] | list[dict[str, str | int | float | None]]
Row = dict[str, Value]


def frame(spark: SparkSession, table: Table, rows: list[Row]) -> DataFrame:
    """Rows of a table; what a row leaves out is null."""
    unknown = {name for row in rows for name in row} - set(table.columns)
    assert not unknown, unknown
    return spark.createDataFrame([tuple(row.get(name) for name in table.columns) for row in rows], table.schema)


def party_key(*fields: str) -> str:
    """The key of a party, made anew: `("resident", id)`, `("code", tax code)`, `("shop", platform, shop)`."""
    inner, outer = (hashlib.sha256(f"{part}\x1f{SETTINGS.hash_key}".encode()).digest() for part in ("inner", "outer"))
    digest = hashlib.sha256(inner + "\x1f".join(fields).encode()).digest()
    return hashlib.sha256(outer + digest).hexdigest()[:32]


def keep(made: DataFrame) -> DataFrame:
    """The frame, computed once, with a plan that begins there."""
    return made.localCheckpoint()


@dataclass
class World:
    """A country in the making; every method adds rows. People and shops go by a name."""

    rows: dict[str, list[Row]] = field(default_factory=lambda: {name: [] for name in _TABLES})
    ids: dict[str, str] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)

    def resident(self, name: str, personal_id: str | None = None, **values: Value) -> str:
        """A living resident of province 79, alone in his household; gives the personal id."""
        found = self.ids.setdefault(name, personal_id or f"0791{len(self.ids):04d}{len(self.ids):04d}")
        known: Row = {"personal_id": found, "person_id": found, "full_name": f"Người {name}", "status": "alive"}
        self.rows["residents"].append({**known, "province34": "79", "household_id": f"h-{name}", **values})
        return found

    def shop(
        self,
        name: str,
        decision: str = "link",
        p: float = 0.99,
        by: str = "id",
        platform: str = "san_a",
        **values: Value,
    ) -> str:
        """A Vietnamese shop; `to` and `code` say whom it is linked with. Its party goes by its name."""
        to, code = values.pop("to", None), values.pop("code", None)
        country = str(values.get("country", "VN"))
        seller: Row = {"platform": platform, "shop_id": name, "shop_name": f"Tiệm {name}", "province34": "01"}
        self.rows["sellers"].append({**seller, "country": country, **values})
        link: Row = {"platform": platform, "shop_id": name, "decision": decision, "evidence": '{"fields": []}'}
        who: Row = {"personal_id": to, "tax_code": code, "match_type": by, "match_probability": p}
        self.rows["seller_links"].append(link if decision == "none" else {**link, **who})
        linked = decision == "link" and country == "VN"
        own = ("resident", str(to)) if linked and to else ("code", str(code)) if linked and code else None
        self.keys[name] = party_key(*(own or ("shop", platform, name)))
        return name

    def sale(
        self,
        shop: str,
        gross: int,
        period: str = "2026-02",
        category: str = "goods",
        vat: int = 0,
        pit: int = 0,
        platform: str = "san_a",
    ) -> None:
        """A row of sales, in February 2026."""
        row: Row = {"platform": platform, "shop_id": shop, "period": period, "category": category}
        money: Row = {"gross_revenue_vnd": gross, "withheld_vat_vnd": vat, "withheld_pit_vnd": pit}
        when: Row = {"year": int(period[:4]), "month": int(period[5:])}
        self.rows["seller_sales"].append({**row, **when, **money})

    def seller(self, name: str, gross: int = 1_200 * MILLION, period: str = "2026-02", **values: Value) -> str:
        """A resident with one shop of the same name that sold goods in one month; gives the personal id."""
        found = self.resident(name)
        self.shop(name, to=found, **values)  # type: ignore[arg-type]
        self.sale(name, gross, period)
        return found

    def resembles(self, shop: str, p: float, *missing: str, platform: str = "san_a") -> None:
        """Somebody whom a shop that is linked with nobody resembles a little."""
        fields: Row = {"evidence": '{"fields": [{"field": "Họ tên", "text": "trùng", "weight": 2.5}]}'}
        row: Row = {"platform": platform, "shop_id": shop, "match_probability": p, "missing": list(missing)}
        self.rows["nearest_candidates"].append({**row, **fields})

    def taxpayer(
        self,
        code: str,
        kind: str,
        status: str = "00",
        *of: str,
        decision: str = "link",
        p: float = 1.0,
        **values: Value,
    ) -> str:
        """A taxpayer, given by the holder links to the residents `of`."""
        row: Row = {"tax_code": code, "code": code.strip(), "taxpayer_type": kind, "status": status}
        more: Row = {"taxpayer_name": f"NNT {code}", "is_ecommerce_code": code.endswith("-888"), "province34": "48"}
        self.rows["taxpayers"].append({**row, **more, **values})
        for personal_id in of:
            self.holder("taxpayers", code, decision, personal_id=personal_id, match_probability=p)
        return code

    def holder(self, source: str, record_key: str, decision: str = "link", **values: Value) -> None:
        """A holder link."""
        row: Row = {"source": source, "record_key": record_key, "decision": decision, "match_type": "id"}
        self.rows["holder_links"].append({**row, "match_probability": 1.0, "evidence": '{"name": "same"}', **values})

    def account(self, number: str, decision: str = "link", code: str | None = None, **values: Value) -> Row:
        """An account and its holder link; gives what a shop that is paid into it declares."""
        row: Row = {"bank_code": "970436", "account_number": number, "account_norm": number, "holder_code": code}
        self.rows["bank_accounts"].append({**row, "holder_name": "CHU TAI KHOAN"})
        if values:
            self.holder("bank_accounts", f"970436|{number}", decision, **values)
        return {"payout_bank_code": "970436", "account_norm": number}

    def declared(self, code: str, period: str, vnd: int, paid: int = 0) -> None:
        """A declaration for a month, quarter or year."""
        year, _, part = period.partition("-")
        kind: Row = {"quarter": int(part[1])} if part.startswith("Q") else {"month": int(part)} if part else {}
        row: Row = {"tax_code": code, "code": code.strip(), "period": period, "year": int(year)}
        self.rows["declarations"].append({**row, **kind, "declared_revenue_vnd": vnd, "tax_paid_vnd": paid})

    def frame(self, spark: SparkSession, name: str) -> DataFrame:
        """One of the tables."""
        return frame(spark, _TABLES[name], self.rows[name])

    def inputs(
        self,
        spark: SparkSession,
        present: frozenset[str] = EVERY_SOURCE,
        degraded: frozenset[str] = frozenset(),
        previous_flagged: DataFrame | None = None,
        previous_parties: DataFrame | None = None,
    ) -> GoldInputs:
        """What gold is built from."""
        return GoldInputs(
            **{name: self.frame(spark, name) for name in _TABLES},
            previous_flagged=previous_flagged or frame(spark, tables.FLAGGED_SELLERS, []),
            previous_parties=previous_parties or frame(spark, tables.SELLER_PARTIES, []),
            present=present,
            degraded=degraded,
        )


_TABLES = {
    "residents": tables.RESIDENTS,
    "taxpayers": tables.TAXPAYERS,
    "declarations": tables.DECLARATIONS,
    "bank_accounts": tables.BANK_ACCOUNTS,
    "sellers": tables.SELLERS,
    "seller_sales": tables.SELLER_SALES,
    "seller_links": tables.SELLER_LINKS,
    "nearest_candidates": tables.NEAREST,
    "holder_links": tables.HOLDER_LINKS,
}
