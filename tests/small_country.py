"""Nights on the committed country: the first, one with changes, faults and hostile text, and a quiet one."""

from __future__ import annotations

import datetime as dt
import functools
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs import decisions, link_decisions, tables
from jobs.ledger import Run
from jobs.night import run_night
from jobs.settings import Settings
from jobs.sources import SOURCES
from jobs.storage import Lake
from sample_data import generate
from sample_data.faults import FAULTS, write_faulty
from sample_data.settings import load_settings
from tests.jobs.zone import Row, Zone, moment

COUNTRY = Path(__file__).resolve().parent.parent / "sample_data" / "small"
NIGHT = dt.date(2026, 11, 20)
NEXT = NIGHT + dt.timedelta(days=1)
LAST = NEXT + dt.timedelta(days=1)
DELIVERY = load_settings().delivery
# A match follows changes, as it does by itself only where there are more rows.
FOLLOWING = Settings.model_validate({"match": {"follow_from_rows": 0}})

# Of the next night: one held, one refused, one taken with a warning.
NEXT_FAULTS = ("residents-half-missing", "bank_accounts-checksum", "declarations-clock-ahead")

# What may arrive in a field, as names of flagged shops.
HOSTILE = (
    '=HYPERLINK("http://evil.example","bấm vào đây")',
    "<script>document.title='hacked'</script><img src=x onerror=\"document.title='hacked'\">",
    "Tiệm\x00\x07\x1b[31m\u202e\ud7ff\ufffe Nhà Mây\r\nDòng hai\t|a|b|",
    "Ầ" * 10_000,
    "-2+3+cmd|' /C calc'!A0",
)

# Codes of whom nobody is found, and shops that declare them before the following night.
REGISTERED_CODES = tuple(
    {"tax_code": code, "taxpayer_name": name, "taxpayer_type": kind, "status": status, "updated_at": moment(20, 16)}
    for code, name, kind, status in (
        ("8200000001", "Hộ kinh doanh Tạp hóa Bích Ngà", "household_business", "00"),
        ("8200000005-888", "Cửa hàng Sao Băng", "organisation", "00"),
        ("079085998877", "Hộ kinh doanh Quán Gió", "household_business", "00"),
        ("048190998866", "Hộ kinh doanh Mây Trôi", "household_business", "05"),
        ("0312345678-001", "Chi nhánh Công ty TNHH Biển Xanh Thẳm", "organisation", "00"),
    )
)
SHOPS_BY_CODE = tuple(
    {
        **{"platform": "by_code", "shop_id": str(number), "shop_name": "Gian hàng", "country": "VN", "tax_code": code},
        **{"seller_name": name, "registered_on": NIGHT, "status": "active", "updated_at": moment(20, 16)},
    }
    for number, (code, name) in enumerate(
        (
            ("8200000001", None),
            ("8200000001", "Hộ kinh doanh Tạp hóa Bích Ngà"),
            ("8200000001", "Kem Xinh 88"),
            ("8200000005-888", None),
            ("079085998877", None),
            ("048190998866", None),
            ("0312345678-001", None),
        )
    )
)

# Platform and code of a shop.
Shop = tuple[str, str]
# An operator of a physical plan with those below it, as Spark's event log has it.
Plan = dict[str, Any]


@dataclass(frozen=True)
class Nights:
    """Nights of one warehouse, each with the state that it left.

    Attributes:
        first: on the full deliveries of the country.
        following: on changes and faults.
        quiet: on which nothing came.
        again: the quiet one once more, in full.
        idle: once more.
        told: what all but the first told of their progress.
        rows: what each source delivered on the first, typed.
        registered: cases of persons who registered before the following, one by a code for e-commerce that stands in
            the registry as an organisation's.
        decided: case → what an analyst decided of it before the following: by the command, and by a client of Delta.
        renamed: shops that took names of `HOSTILE` before the following.
        plans: every physical plan of all nights.
    """

    lake: Lake
    first: Run
    following: Run
    quiet: Run
    again: Run
    idle: Run
    reopened: Run
    told: Mapping[str, list[str]]
    rows: Mapping[str, Callable[[], pa.Table]]
    registered: tuple[str, ...]
    decided: Mapping[str, str]
    named: Mapping[Shop, str]
    ruled_out: Mapping[Shop, str]
    renamed: tuple[tuple[str, str], ...]
    plans: list[Plan]

    def state(self, run: Run) -> Lake:
        """The warehouse as a night left it."""
        return Lake(self.lake.spark, self.lake.root, dict(run.versions["tables"]))


def run_nights(spark: SparkSession, folder: Path, log: Path) -> Nights:
    """Run them; `log` is Spark's event log."""
    before = log.stat().st_size
    lake = Lake(spark, str(folder / "warehouse"))
    first = run(lake, str(COUNTRY / "landing"), NIGHT)
    drawn = generate.draw(5_000, 18, NIGHT)
    rows = {source: functools.cache(made) for source, made in drawn.rows.items()}
    landing = Zone(folder / "landing")
    registered, registrations = _register(lake)
    decided = _decide(lake)
    named, ruled_out = _decide_links(lake)
    renamed, shops = _rename(lake)
    landing.rows("taxpayers", NEXT, *registrations, *REGISTERED_CODES, mode="delta")
    landing.rows("sellers", NEXT, *shops, *SHOPS_BY_CODE, mode="delta", kind="jsonl")
    for name in NEXT_FAULTS:
        write_faulty(landing.root, rows, NEXT, DELIVERY, FAULTS[name])
    told: dict[str, list[str]] = {"following": [], "quiet": [], "again": [], "idle": []}
    following, quiet, again, idle = (
        run_night(
            *(lake, str(landing.root), NEXT if name == "following" else LAST, FOLLOWING, None, said.append),
            full=name == "again",
        )
        for name, said in told.items()
    )
    plans = _plans(log, before)
    for platform, shop_id in named:
        link_decisions.decide(lake, platform, [shop_id], "open", "Nguyễn Thử", "nhầm người")
    reopened = run(lake, str(landing.root), LAST)
    people = registered, decided, named, ruled_out, renamed
    return Nights(lake, first, following, quiet, again, idle, reopened, told, rows, *people, plans)


def run(lake: Lake, landing: str, date: dt.date, settings: Settings | None = None) -> Run:
    """One night."""
    return run_night(lake, landing, date, settings or FOLLOWING, None, lambda line: None)


def _register(lake: Lake) -> tuple[tuple[str, ...], list[Row]]:
    """Two flagged residents have registered; returns their cases and the rows of the registry."""
    flagged = lake.read(tables.FLAGGED_SELLERS).where("reason = 'UNREGISTERED' and status = 'open'")
    cases = flagged.orderBy(F.desc("priority"), "case_id").limit(2).collect()
    people = lake.read(tables.RESIDENTS).where(F.col("personal_id").isin(*(case["personal_id"] for case in cases)))
    by_id = {person["personal_id"]: person for person in people.collect()}
    registered = [by_id[case["personal_id"]] for case in cases]
    rows = [
        {
            "tax_code": code or person["personal_id"],
            "taxpayer_name": person["full_name"],
            "taxpayer_type": kind,
            "id_number": person["personal_id"],
            "date_of_birth": person["date_of_birth"],
            "status": "00",
            "registered_on": NIGHT,
            "updated_at": moment(NIGHT.day, 16),
        }
        for person, (code, kind) in zip(
            registered, ((None, "household_business"), ("8100000001-888", "organisation")), strict=True
        )
    ]
    return tuple(str(case["case_id"]) for case in cases), rows


def _decide(lake: Lake) -> Mapping[str, str]:
    """An analyst dismisses a case, a client of somebody's own confirms another; returns the cases."""
    borrowed = lake.read(tables.FLAGGED_SELLERS).where("reason = 'BORROWED_IDENTITY' and status = 'open'")
    dismissed, confirmed = (row["case_id"] for row in borrowed.orderBy("case_id").limit(2).collect())
    decisions.decide(lake, [dismissed], "dismissed", "Nguyễn Thử", "đã xem hồ sơ")
    table = DeltaTable(lake.location(tables.FLAGGED_SELLERS))
    table.update(updates={"status": "'confirmed'"}, predicate=f"case_id = '{confirmed}'")
    return {dismissed: "dismissed", confirmed: "confirmed"}


def _decide_links(lake: Lake) -> tuple[Mapping[Shop, str], Mapping[Shop, str]]:
    """An analyst says of two shops that wait that their candidates trade there, and the contrary of a case's shop."""
    shop = ["platform", "shop_id"]
    links = lake.read(tables.SELLER_LINKS).where("personal_id is not null")
    cases = lake.read(tables.FLAGGED_SELLERS).where("reason = 'UNREGISTERED' and size(shops) = 1")
    flagged = cases.orderBy("priority", "case_id").limit(1).select(F.col("shops")[0].alias("shop"))
    waiting = links.where("decision = 'review'").orderBy(F.xxhash64("shop_id")).limit(2)
    linked = links.join(flagged.select("shop.platform", "shop.shop_id"), shop, "left_semi")

    def of(chosen: DataFrame, answer: str) -> Mapping[Shop, str]:
        """Shops, each with whom the answer is about."""
        found = {(row.platform, row.shop_id): row.personal_id for row in chosen.collect()}
        for platform, shop_id in found:
            link_decisions.decide(lake, platform, [shop_id], answer, "Nguyễn Thử", "đã gặp chủ gian hàng")
        return found

    return of(waiting, "linked"), of(linked, "rejected")


def _rename(lake: Lake) -> tuple[tuple[tuple[str, str], ...], list[Row]]:
    """Foreign shops of cases take hostile names; returns platform and code of each, and their rows."""
    cases = lake.read(tables.FLAGGED_SELLERS).where("status = 'open' and reason = 'FOREIGN_UNREGISTERED'")
    shops = cases.select(F.explode("shops").alias("shop"), "priority").select(
        "shop.platform", "shop.shop_id", "priority"
    )
    chosen = shops.orderBy(F.desc("priority"), "platform", "shop_id").limit(len(HOSTILE)).drop("priority")
    rows = lake.read(tables.SELLERS).join(chosen, ["platform", "shop_id"]).select(*SOURCES["sellers"].kinds).collect()
    assert len(rows) == len(HOSTILE)
    renamed = [
        {**row.asDict(), "shop_name": name, "updated_at": moment(NIGHT.day, 16)}
        for row, name in zip(rows, HOSTILE, strict=True)
    ]
    return tuple((row["platform"], row["shop_id"]) for row in rows), renamed


def _plans(log: Path, start: int) -> list[Plan]:
    """Plans in the part of an event log from a byte on, those that Spark changed while they ran included."""
    with log.open("rb") as events:
        events.seek(start)
        return [event["sparkPlanInfo"] for line in events if "sparkPlanInfo" in (event := json.loads(line))]


def operators(plan: Plan) -> Iterator[Plan]:
    """An operator and all below it."""
    yield plan
    for child in plan["children"]:
        yield from operators(child)
