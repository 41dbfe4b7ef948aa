"""Deliveries as CONTRACT.md §1 has them: manifests, formats, columns, types, keys."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest
from country_files import DATE, RESIDENTS, Rows, read_rows, read_source

from sample_data.deliver import write_rows
from sample_data.generate import write_country
from sample_data.settings import load_settings
from sample_data.writing import without_marks

PLACE = "province_code province_code_version"
COLUMNS = {
    "residents": "personal_id old_id_number full_name date_of_birth gender permanent_address "
    f"{PLACE} status updated_at:timestamp",
    "taxpayers": "tax_code taxpayer_name taxpayer_type id_number date_of_birth address "
    f"{PLACE} phone email business_lines status registered_on:date closed_on:date updated_at:timestamp",
    "declarations": "tax_code period declared_revenue_vnd:int tax_paid_vnd:int filed_on:date updated_at:timestamp",
    "bank_accounts": "bank_code account_number holder_name holder_id_number holder_type phone opened_on:date status "
    "updated_at:timestamp",
    "bank_inflows": "bank_code account_number period inflow_vnd:int inflow_count:int ecommerce_inflow_vnd:int "
    "updated_at:timestamp",
    "telecom_subscribers": "msisdn subscriber_name id_number date_of_birth activated_on:date status "
    "updated_at:timestamp",
    "sellers": "platform shop_id shop_name seller_name seller_type country id_number tax_code date_of_birth phone "
    f"email address {PLACE} payout_bank_code payout_account_number registered_on:date status updated_at:timestamp",
    "seller_sales": "platform shop_id period category gross_revenue_vnd:int order_count:int withheld_vat_vnd:int "
    "withheld_pit_vnd:int updated_at:timestamp",
}
KEYS = {
    "residents": ["personal_id"],
    "declarations": ["tax_code", "period"],
    "bank_accounts": ["bank_code", "account_number"],
    "bank_inflows": ["bank_code", "account_number", "period"],
    "telecom_subscribers": ["msisdn", "activated_on"],
    "sellers": ["platform", "shop_id"],
    "seller_sales": ["platform", "shop_id", "period", "category"],
}
VALUES = {
    ("residents", "gender"): {"M", "F"},
    ("residents", "status"): {"alive", "deceased", "missing", "emigrated"},
    ("residents", "province_code_version"): {"63", "34"},
    ("taxpayers", "taxpayer_type"): {"individual", "household_business", "organisation", "foreign_supplier"},
    ("taxpayers", "status"): {f"{code:02d}" for code in range(11)},
    ("bank_accounts", "holder_type"): {"individual", "organisation"},
    ("bank_accounts", "status"): {"active", "dormant", "closed"},
    ("telecom_subscribers", "status"): {"active", "closed"},
    ("sellers", "status"): {"active", "suspended", "closed"},
    ("sellers", "seller_type"): {"individual", "household_business", "organisation", None},
    ("seller_sales", "category"): {"goods", "services", "transport", "undetermined"},
}
SHAPES = {
    ("residents", "personal_id"): r"\d{12}",
    ("residents", "old_id_number"): r"\d{9}",
    ("residents", "date_of_birth"): r"\d{4}-(\d\d-\d\d)",
    ("residents", "province_code"): r"\d\d",
    ("taxpayers", "tax_code"): r"\d{10}(-\d{3})?|\d{12}",
    ("declarations", "period"): r"\d{4}(-\d\d|-Q[1-4])?",
    ("bank_accounts", "bank_code"): r"\d{6}",
    ("bank_inflows", "period"): r"2026-\d\d",
    ("seller_sales", "period"): r"202[56]-\d\d",
    ("sellers", "country"): r"[A-Z]{2}",
}
ARROW = {"int": pa.int64(), "date": pa.date32(), "": pa.string()}


@pytest.fixture(scope="module")
def country(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("country") / "out"
    write_country(out, RESIDENTS, seed=7, business_date=DATE)
    return out


@pytest.fixture(scope="module")
def delivered(country: Path) -> dict[str, Rows]:
    return {folder.name: read_source(country, folder.name) for folder in sorted((country / "landing").iterdir())}


@pytest.fixture(scope="module")
def true_shops(country: Path) -> dict[tuple[str, str], dict[str, str | None]]:
    rows = read_rows(country / "truth" / "shops.parquet")
    return {(row["platform"], row["shop_id"]): row for row in rows}


@pytest.mark.parametrize("source", COLUMNS)
def test_manifest_names_every_file_with_rows_and_checksum(country: Path, source: str) -> None:
    folder = country / "landing" / source / f"business_date={DATE}"
    manifest = json.loads((folder / "_manifest.json").read_text())
    assert (manifest["source"], manifest["business_date"], manifest["mode"]) == (source, "2026-11-20", "full")
    assert re.fullmatch(r"2026-11-20T\d\d:\d\d:\d\d\+07:00", manifest["produced_at"])
    assert {file["name"] for file in manifest["files"]} | {"_manifest.json"} == {p.name for p in folder.iterdir()}
    for file in manifest["files"]:
        assert hashlib.sha256((folder / file["name"]).read_bytes()).hexdigest() == file["sha256"]
        assert len(read_rows(folder / file["name"])) == file["rows"]


@pytest.mark.parametrize("source", COLUMNS)
def test_columns_and_types(country: Path, delivered: dict[str, Rows], source: str) -> None:
    wanted = dict(column.partition(":")[::2] for column in COLUMNS[source].split())
    assert {name for row in delivered[source] for name in row} == set(wanted)
    for file in (country / "landing" / source).rglob("*.parquet"):
        for field in pyarrow.parquet.read_schema(file):
            kind = wanted[field.name]
            assert field.type == ARROW[kind] if kind != "timestamp" else pa.types.is_timestamp(field.type)


@pytest.mark.parametrize(("source", "keys"), KEYS.items())
def test_keys_are_unique(delivered: dict[str, Rows], source: str, keys: list[str]) -> None:
    rows = [tuple(row.get(key) for key in keys) for row in delivered[source]]
    whole = [row for row in rows if None not in row]
    assert len(whole) == len(set(whole))
    assert len(rows) - len(whole) == (1 if source == "telecom_subscribers" else 0)  # a row that ends in quarantine


def test_of_tax_codes_only_older_versions_stand_twice(delivered: dict[str, Rows]) -> None:
    count = Counter(row["tax_code"] for row in delivered["taxpayers"])
    twice = {code for code, times in count.items() if times > 1}
    assert 0 < len(twice) < 0.01 * len(count)
    for code in twice:
        older, newer = sorted(row["updated_at"] for row in delivered["taxpayers"] if row["tax_code"] == code)
        assert older < newer


@pytest.mark.parametrize(("place", "values"), VALUES.items())
def test_values_of_closed_sets(delivered: dict[str, Rows], place: tuple[str, str], values: set[str]) -> None:
    assert {row.get(place[1]) for row in delivered[place[0]]} == values


@pytest.mark.parametrize(("place", "shape"), SHAPES.items())
def test_shapes_of_texts(delivered: dict[str, Rows], place: tuple[str, str], shape: str) -> None:
    texts = [row[place[1]] for row in delivered[place[0]] if row.get(place[1]) is not None]
    assert texts
    assert [text for text in texts if not re.fullmatch(shape, text)] == []


def test_every_format_of_the_contract_is_in_use() -> None:
    assert set(load_settings().delivery.formats.values()) == {"parquet", "csv", "csv.gz", "jsonl", "jsonl.gz"}
    assert set(load_settings().delivery.formats) == set(COLUMNS)


def test_no_row_is_newer_than_its_delivery(delivered: dict[str, Rows]) -> None:
    for rows in delivered.values():
        newest = max(str(row["updated_at"]) for row in rows)
        assert newest[:10] < "2026-11-20"


def test_all_sources_follow_the_number_of_residents(delivered: dict[str, Rows]) -> None:
    assert len(delivered["residents"]) == RESIDENTS
    assert 4.5 * RESIDENTS < sum(map(len, delivered.values())) < 6 * RESIDENTS


def test_every_format_brings_the_same_rows(tmp_path: Path) -> None:
    table = pa.table({"text": ['say "hi"', "a\nb", None, "Đỗ, Thị"], "count": [1, 2, 3, None]})
    for form in ("csv", "csv.gz", "jsonl", "jsonl.gz", "parquet"):
        file = tmp_path / f"rows.{form}"
        write_rows(file, table, form, bom=form == "csv")
        got = [(row.get("text"), int(row["count"]) if row.get("count") else None) for row in read_rows(file)]
        assert got == [('say "hi"', 1), ("a\nb", 2), (None, 3), ("Đỗ, Thị", None)], form


# ── what the country is like ──


def share(rows: Rows, column: str, pattern: str) -> float:
    """Share of the texts of a column (nulls left out) that match a pattern."""
    texts = [row[column] for row in rows if row.get(column) is not None]
    return sum(re.search(pattern, text) is not None for text in texts) / len(texts)


def filled(rows: Rows, column: str) -> float:
    """Share of rows where a column is not null."""
    return sum(row.get(column) is not None for row in rows) / len(rows)


def test_personal_ids_agree_with_sex_and_year_of_birth(delivered: dict[str, Rows]) -> None:
    wrong = 0
    for row in delivered["residents"]:
        century = {"0": ("M", "19"), "1": ("F", "19"), "2": ("M", "20"), "3": ("F", "20")}[row["personal_id"][3]]
        wrong += (row["gender"], row["date_of_birth"][:4]) != (century[0], century[1] + row["personal_id"][4:6])
    assert 0 < wrong / RESIDENTS < 0.02


def test_names_follow_the_published_frequencies(delivered: dict[str, Rows]) -> None:
    residents = delivered["residents"]
    assert share(residents, "full_name", r"(?i)^nguyễn\W") == pytest.approx(0.315, abs=0.06)
    assert share(residents, "full_name", r"(?i)^trần\W") == pytest.approx(0.109, abs=0.04)
    women = [row for row in residents if row["gender"] == "F" and row["date_of_birth"] < "1985"]
    girls = [row for row in residents if row["gender"] == "F" and row["date_of_birth"] > "2000"]
    assert share(women, "full_name", r"(?i)\Wthị\W") > 0.75
    assert share(girls, "full_name", r"(?i)\Wthị\W") < 0.35


def test_the_wanted_share_has_a_namesake_born_on_the_same_day(delivered: dict[str, Rows]) -> None:
    names = [" ".join(without_marks(row["full_name"]).upper().split()) for row in delivered["residents"]]
    people = Counter(zip(names, (row["date_of_birth"] for row in delivered["residents"]), strict=True))
    assert 0.12 < sum(count for count in people.values() if count > 1) / RESIDENTS < 0.18


def test_households_share_an_address_and_a_surname(delivered: dict[str, Rows]) -> None:
    homes: dict[str, list[str]] = {}
    for row in delivered["residents"]:
        homes.setdefault(row["permanent_address"], []).append(row["full_name"].split()[0])
    sizes = Counter(map(len, homes.values()))
    assert 2.0 < RESIDENTS / len(homes) < 4.0
    assert max(sizes) <= 16  # some rural addresses name only the hamlet
    assert sum(len(set(names)) < len(names) for names in homes.values() if len(names) > 2) > 0.8 * sum(
        len(names) > 2 for names in homes.values()
    )


@pytest.mark.parametrize(
    ("source", "column", "low", "high"),
    [
        ("residents", "old_id_number", 0.5, 0.8),
        ("taxpayers", "id_number", 0.85, 0.99),
        ("taxpayers", "phone", 0.5, 0.85),
        ("bank_accounts", "holder_id_number", 0.88, 0.97),
        ("telecom_subscribers", "id_number", 0.93, 0.99),
        ("sellers", "seller_name", 0.93, 0.99),
        ("sellers", "id_number", 0.70, 0.92),
        ("sellers", "date_of_birth", 0.40, 0.65),
        ("sellers", "tax_code", 0.30, 0.65),
        ("sellers", "phone", 0.65, 0.93),
        ("sellers", "payout_account_number", 0.7, 0.95),
    ],
)
def test_fields_are_missing_at_their_rates(
    delivered: dict[str, Rows], source: str, column: str, low: float, high: float
) -> None:
    assert low < filled(delivered[source], column) < high


@pytest.mark.parametrize(
    ("source", "column", "pattern", "low", "high"),
    [
        ("sellers", "id_number", r"^\d{4}\*{6}\d\d$|^\d{4}\*{3}\d\d$", 0.05, 0.16),
        ("sellers", "id_number", r"^\d{9}$", 0.03, 0.13),
        ("sellers", "phone", r"^09?.*\*{4}", 0.05, 0.2),
        ("sellers", "tax_code", r"-888$", 0.02, 0.2),
        ("bank_accounts", "holder_id_number", r"^\d{9}$", 0.06, 0.2),
        ("bank_accounts", "holder_name", r"^[A-Z .&-]+$", 0.8, 0.97),
        ("telecom_subscribers", "msisdn", r"^01\d{9}$", 0.01, 0.15),
        ("taxpayers", "tax_code", r"^\d{12}$", 0.25, 0.6),
        ("taxpayers", "id_number", r"^\d{9}$", 0.05, 0.25),
        ("residents", "permanent_address", r"(?i)huyện|quận|thị xã|, (thành phố|tp).*, ", 0.2, 0.5),
    ],
)
def test_values_go_wrong_at_their_rates(
    delivered: dict[str, Rows], source: str, column: str, pattern: str, low: float, high: float
) -> None:
    assert low < share(delivered[source], column, pattern) < high


def test_ecommerce_codes_of_type_individual_occur(delivered: dict[str, Rows]) -> None:
    types = {row["taxpayer_type"] for row in delivered["taxpayers"] if row["tax_code"].endswith("-888")}
    assert types == {"individual", "household_business"}


def test_some_organisations_have_equal_names(delivered: dict[str, Rows]) -> None:
    rows = [row for row in delivered["taxpayers"] if row["taxpayer_type"] == "organisation"]
    names = Counter(without_marks(row["taxpayer_name"]).upper() for row in rows if "-" not in row["tax_code"])
    assert sum(count > 1 for count in names.values()) >= 1


def test_a_pool_of_accounts_is_used_by_many_parties(
    delivered: dict[str, Rows], true_shops: dict[tuple[str, str], dict[str, str | None]]
) -> None:
    users: dict[str, set[str | None]] = {}
    for row in delivered["sellers"]:
        party = true_shops[row["platform"], row["shop_id"]]["personal_id"]
        if row["payout_account_number"]:
            users.setdefault(row["payout_account_number"], set()).add(party)
    assert max(map(len, users.values())) >= 5


def test_numbers_are_sold_again_to_new_holders(delivered: dict[str, Rows]) -> None:
    holders: dict[str, set[str]] = {}
    for row in delivered["telecom_subscribers"]:
        holders.setdefault((row["msisdn"] or "").lstrip("+840"), set()).add(row["activated_on"])
    assert sum(len(dates) > 1 for dates in holders.values()) > 0.02 * len(holders)


def test_a_realistic_share_of_parties_is_above_the_threshold(
    delivered: dict[str, Rows], true_shops: dict[tuple[str, str], dict[str, str | None]]
) -> None:
    revenue: Counter[str] = Counter()
    for row in delivered["seller_sales"]:
        shop = true_shops.get((row["platform"], row["shop_id"]))
        if shop and row["period"] >= "2026-01":
            revenue[shop["personal_id"] or shop["tax_code"] or row["shop_id"]] += row["gross_revenue_vnd"]
    assert 0.10 < sum(total > 10**9 for total in revenue.values()) / len(revenue) < 0.25
    assert any(row["gross_revenue_vnd"] < 0 for row in delivered["seller_sales"])


def test_withheld_tax_is_none_part_or_the_full_rate(delivered: dict[str, Rows]) -> None:
    sold = [r for r in delivered["seller_sales"] if r["category"] == "goods" and r["gross_revenue_vnd"] > 0]
    full = [r["withheld_vat_vnd"] * 100 >= r["gross_revenue_vnd"] for r in sold]
    none = [r["withheld_vat_vnd"] == 0 for r in sold]
    assert 0.2 < sum(full) / len(sold) < 0.6
    assert any(not f and not n for f, n in zip(full, none, strict=True))
    assert all(r["withheld_vat_vnd"] == 0 for r in sold if r["period"] < "2025-07")  # NĐ 117/2025


def test_truth_names_the_trader_of_every_shop(
    delivered: dict[str, Rows], true_shops: dict[tuple[str, str], dict[str, str | None]]
) -> None:
    assert set(true_shops) == {(row["platform"], row["shop_id"]) for row in delivered["sellers"]}
    residents = {row["personal_id"] for row in delivered["residents"]}
    traders = {shop["personal_id"] for shop in true_shops.values()}
    assert traders - {None} <= residents
    right = [
        row["id_number"] == true_shops[row["platform"], row["shop_id"]]["personal_id"]
        for row in delivered["sellers"]
        if re.fullmatch(r"\d{12}", row["id_number"] or "")
        and true_shops[row["platform"], row["shop_id"]]["personal_id"]
    ]
    assert 0.82 < sum(right) / len(right) < 0.97


def test_flags_have_the_columns_of_the_contract(country: Path) -> None:
    schema = pyarrow.parquet.read_schema(country / "truth" / "flags.parquet")
    assert schema.names == ["tax_year", "personal_id", "tax_code", "platform", "shop_id", "reason"]
    for row in read_rows(country / "truth" / "flags.parquet"):
        assert (row["reason"] == "FOREIGN_UNREGISTERED") == (row["shop_id"] is not None)
        assert row["shop_id"] or row["personal_id"] or row["tax_code"]
