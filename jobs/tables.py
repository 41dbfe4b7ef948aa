"""The contract of every table in the warehouse, in the order in which a night writes them.

A table states its grain, key, schema and partition; `storage.Lake` checks a frame against it on every write. In silver
a column that bears a name of the contract holds the raw value; normalised values stand beside it under names of their
own.
"""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql.types import StructType

from jobs import ddl
from jobs.sources import SOURCES


@dataclass(frozen=True)
class Table:
    """A Delta table: `<layer>/<name>`.

    Attributes:
        path: where it lies below the warehouse.
        grain: one row per what.
        key: columns that identify a row.
        schema: columns and types, in order.
        partition_by: partition columns.
    """

    path: str
    grain: str
    key: tuple[str, ...]
    schema: StructType
    partition_by: tuple[str, ...] = ()

    @property
    def columns(self) -> list[str]:
        """Names of the columns, in order."""
        return self.schema.names


def _table(path: str, grain: str, key: str, columns: str, partition_by: str = "") -> Table:
    return Table(path, grain, tuple(key.split()), ddl.schema(columns), tuple(partition_by.split()))


def _raw(source: str) -> str:
    return ", ".join(f"{field.name} {field.dataType.simpleString()}" for field in SOURCES[source].schema)


# ── bronze: rows as typed from the deliveries taken; one partition a delivery ──
# The manifest's hash is part of the partition: a held delivery lies beside the good one of the same date.
BRONZE: dict[str, Table] = {
    name: Table(
        f"bronze/{name}",
        "one row a record of a delivery that was taken or held",
        ("_delivery_date", "_manifest_sha256", "_file", "_row_number"),
        StructType(
            source.picture_schema.fields
            + ddl.schema("_change_type string, _row_hash string, _manifest_sha256 string").fields
        ),
        ("_delivery_date", "_manifest_sha256"),
    )
    for name, source in SOURCES.items()
}

# ── silver: the present picture of a source, raw beside normalised ──
# Person names: name_clean NFC text (of a seller: without what stands around the name) · name_accent accents kept, one
# spelling · name_key folded tokens in order · name_sorted the same, order-free · name_sg "surname given" ·
# name_like_person whether it looks like a person's name at all.
_NAME = (
    "name_clean string, name_accent string, name_key string, name_sorted string, name_sg string, "
    "name_like_person boolean"
)
_BIRTH = "birth_date date, birth_year int, birth_precision string"
# 34-system codes: of the code on file, else of the address; of the address
_PLACE = "province34 string, address_province string, address_key string, house_key string"
_ORIGIN = "_delivery_date date, _file string, _row_number bigint"
# person_id 12 digits · cmnd 9 digits · grades: ok, suspicious, invalid (null where there is no value)
_ID = "id_kind string, person_id string, person_id_grade string, cmnd string, passport string"

RESIDENTS = _table(
    "silver/residents",
    "one row a resident of the population database",
    "personal_id",
    f"{_raw('residents')}, {_ID}, {_NAME}, {_BIRTH}, {_PLACE}, household_id string, {_ORIGIN}",
)
TAXPAYERS = _table(
    "silver/taxpayers",
    "one row a tax code",
    "tax_code",
    f"{_raw('taxpayers')}, code string, code_grade string, is_ecommerce_code boolean, {_ID}, {_NAME}, "
    f"company_key string, {_BIRTH}, {_PLACE}, phone_norm string, "
    f"phone_grade string, email_norm string, {_ORIGIN}",
)
DECLARATIONS = _table(
    "silver/declarations",
    "one row a tax code and period",
    "tax_code period",
    f"{_raw('declarations')}, code string, period_kind string, year int, quarter int, month int, {_ORIGIN}",
)
BANK_ACCOUNTS = _table(
    "silver/bank_accounts",
    "one row an account",
    "bank_code account_number",
    f"{_raw('bank_accounts')}, account_norm string, {_ID}, holder_code string, {_NAME}, company_key string, "
    f"phone_norm string, {_ORIGIN}",
)
BANK_INFLOWS = _table(
    "silver/bank_inflows",
    "one row an account and month",
    "bank_code account_number period",
    f"{_raw('bank_inflows')}, account_norm string, year int, month int, {_ORIGIN}",
)
TELECOM = _table(
    "silver/telecom_subscribers",
    "one row a number and activation",
    "msisdn activated_on",
    f"{_raw('telecom_subscribers')}, phone_norm string, phone_grade string, {_ID}, {_NAME}, {_BIRTH}, {_ORIGIN}",
)
SELLERS = _table(
    "silver/sellers",
    "one row a shop on a platform",
    "platform shop_id",
    f"{_raw('sellers')}, {_ID}, id_mask_prefix string, id_mask_suffix string, code string, code_grade string, {_NAME}, "
    f"shop_name_clean string, company_key string, name_like_company boolean, {_BIRTH}, {_PLACE}, "
    f"phone_norm string, phone_mask_prefix string, phone_mask_suffix string, "
    f"email_norm string, account_norm string, {_ORIGIN}",
)
SELLER_SALES = _table(
    "silver/seller_sales",
    "one row a shop, month and category",
    "platform shop_id period category",
    f"{_raw('seller_sales')}, year int, month int, {_ORIGIN}",
)
SILVER: dict[str, Table] = {
    table.path.removeprefix("silver/"): table
    for table in (
        *(RESIDENTS, TAXPAYERS, DECLARATIONS, BANK_ACCOUNTS),
        *(BANK_INFLOWS, TELECOM, SELLERS, SELLER_SALES),
    )
}

# ── match ──
HOLDER_LINKS = _table(
    "match/holder_links",
    "one row a taxpayer, account or SIM: whose it is",
    "source record_key",
    # record_key: tax_code · bank_code|account_number · msisdn|activated_on, as delivered
    "source string, record_key string, personal_id string, tax_code string, match_type string, "
    "match_probability double, decision string, evidence string",
    "source",
)
SELLER_LINKS = _table(
    "match/seller_links",
    "one row a shop: who trades there",
    "platform shop_id",
    "platform string, shop_id string, personal_id string, tax_code string, match_type string, "
    "match_probability double, decision string, evidence string, business_date date, first_linked_on date",
)
NEAREST = _table(
    "match/nearest_candidates",
    "one row a shop that is linked with nobody though somebody resembles: the nearest candidate, who is not named",
    "platform shop_id",
    # missing: what the shop did not say, of all that is compared
    "platform string, shop_id string, match_probability double, evidence string, missing array<string>",
)
LINK_DECISIONS = _table(
    "match/link_decisions",
    "one row a decision of an analyst on who trades in a shop",
    "platform shop_id decided_at",
    # personal_id, tax_code: the candidate that it is about · decision: linked (it is who trades there), rejected (it is
    # not), or open, which takes all decisions on the shop back · declared: hash of who the shop said then that it is
    "platform string, shop_id string, personal_id string, tax_code string, declared bigint, decision string, "
    "decided_by string, reason string, decided_at timestamp",
)
MODEL = _table(
    "match/model",
    "one row a parameter of the match model of the night",
    "model comparison level",
    # version: of the training that the night decided by
    "model string, comparison string, level string, m double, records bigint, version string",
)
TRAINING = _table(
    "match/training",
    "one row a kind of record (and one of the subjects): what evidence weighs, frozen until somebody trains anew",
    "model",
    # figures: JSON, see matching.training · sources: those that had ever come then
    "model string, figures string, version string, trained_on date, sources array<string>",
)
FREQUENCIES = _table(
    "match/frequencies",
    "one row a name that more than one subject bore when the model was trained",
    "attribute value",
    "attribute string, value string, subjects bigint",
    "attribute",
)
BLOCKING = _table(
    "match/blocking",
    "one row a blocking rule: what it brought and what its cap cut, of the records that the night resolved anew",
    "model rule",
    "model string, rule string, pairs bigint, keys_cut bigint, rows_cut bigint, cap bigint",
)
MEMORY = _table(
    "match/memory",
    "one row a frame that the last match laid down for the next to compare with",
    "frame",
    # version: of the training that it decided by · the frames lie in _memory/<folder>/<frame>
    # patch: folder of what has changed in it since · patches: matches that added to that
    "folder string, frame string, version string, patch string, patches int",
)

# ── gold ──
_SHOP = (
    "platform: string, shop_id: string, shop_name: string, revenue_vnd: bigint, match_type: string, "
    "match_probability: double"
)
FLAGGED_SELLERS = _table(
    "gold/flagged_sellers",
    "one row a case (party, tax year, reason), in its present state",
    "case_id",
    "case_id string, tax_year int, business_date date, first_flagged_on date, status string, reason string, "
    "reasons_all array<string>, detail string, party_type string, personal_id string, tax_code string, "
    f"party_name string, province_code string, shops array<struct<{_SHOP}>>, revenue_vnd bigint, "
    "threshold_vnd bigint, legal_basis string, "
    "estimated_tax_vnd bigint, withheld_vnd bigint, match_probability double, priority double, evidence string, "
    "quality string",
)
DECISIONS = _table(
    "gold/decisions",
    "one row a decision of an analyst on a case",
    "case_id decided_at",
    # decision: confirmed, dismissed, or open, which takes one back · decided_by, reason: null where a client wrote the
    # status into gold/flagged_sellers itself
    "case_id string, decision string, decided_by string, reason string, decided_at timestamp",
)
SELLER_PARTIES = _table(
    "gold/seller_parties",
    "one row a party and tax year, flagged or not",
    "party_key tax_year",
    "party_key string, personal_id string, tax_code string, party_type string, tax_year int, tax_status string, "
    "shop_count bigint, revenue_vnd bigint, withheld_vnd bigint, declared_revenue_vnd bigint",
    "tax_year",
)
PARTY_EVENTS = _table(
    "gold/party_events",
    "one row a shop and night on which it came to belong to another party",
    "business_date platform shop_id",
    # event: merged (no shop of the party is left) or split
    "business_date date, platform string, shop_id string, from_party_key string, to_party_key string, event string",
    "business_date",
)
QUALITY_SCORECARD = _table(
    "gold/quality_scorecard",
    "one row a source, dimension and night",
    "business_date source dimension",
    "business_date date, source string, dimension string, score double, rows bigint, failed_rows bigint, gate string, "
    "top_failures string",
    "business_date",
)
QUALITY_FINDINGS = _table(
    "gold/quality_findings",
    "one row an expectation and night",
    "business_date source number",
    # number: place in the suite · result: as Great Expectations gave it (JSON), without values of the data
    "business_date date, source string, number int, rule string, description string, dimension string, "
    "critical boolean, success boolean, judged bigint, failed bigint, result string",
    "business_date",
)
BROKEN_RULES = _table(
    "gold/broken_rules",
    "one row a record that breaks a rule, of each source's picture when it was last judged",
    "source record_key",
    # record_key: the source's key, parts by | · rules: codes as in gold/quality_findings
    "business_date date, source string, record_key string, rules array<string>, delivery_date date, file string, "
    "row_number bigint",
    "source",
)
QUALITY_PROFILES = _table(
    "gold/quality_profiles",
    "one row a measure of a column, of each picture that was taken that night",
    "business_date source column measure",
    # see jobs.drift.Measured
    "business_date date, source string, column string, measure string, rows bigint, figures map<string,double>, "
    "distance double, limit double",
    "business_date",
)
CORRECTIONS = _table(
    "gold/corrections",
    "one row a doubtful value, in its present state",
    "source record_key field",
    # province_code: 34-code of the record, else of the person it was linked with · delivery_date, file, row_number:
    # where its owner finds the record
    "business_date date, source string, record_key string, field string, problem string, value_masked string, "
    "suggestion_masked string, confidence double, first_seen_on date, status string, province_code string, "
    "delivery_date date, file string, row_number bigint",
    "source",
)

# ── ops ──
DELIVERIES = _table(
    "ops/deliveries",
    "one row a delivery that was seen, in its present state",
    "source delivery_date manifest_sha256",
    # state: taken, refused, held, gate_failed (held by its gate), replaced, expired (taken, its rows since removed) ·
    # decided_on: the night that brought it there · keys: of the newest good picture it took part in ·
    # accepted_by/accepted_reason: an operator's override of a hold
    "source string, delivery_date date, manifest_sha256 string, mode string, produced_at timestamp, state string, "
    "reason string, rows bigint, kept bigint, quarantined bigint, keys bigint, unreadable_keys bigint, "
    "accepted_by string, accepted_reason string, decided_on date",
    "source",
)
QUARANTINE = _table(
    "ops/quarantine",
    "one row a refused row",
    "source business_date manifest_sha256 file row_number",
    "business_date date, source string, file string, row_number bigint, record_key string, reasons array<string>, "
    "raw string, manifest_sha256 string",
    "source business_date",
)
RUNS = _table(
    "ops/runs",
    "one row a run",
    "run_id",
    "run_id string, business_date date, status string, started_at timestamp, ended_at timestamp, "
    "stages array<struct<name: string, seconds: double, rows_in: bigint, rows_out: bigint>>, "
    "sources array<struct<source: string, delivery_date: date, mode: string, outcome: string, reason: string, "
    "rows: bigint, quarantined: bigint, picture_as_of: date>>, "
    "versions struct<code: string, configuration: string, rules: string, tables: map<string, bigint>>, error string, "
    # By which the secret of the keys is known again; no way back to it.
    "key_check string",
)

# Everything but ops/runs is part of one night's state and is rolled back with it.
STATE: tuple[Table, ...] = (
    *BRONZE.values(),
    *SILVER.values(),
    *(HOLDER_LINKS, SELLER_LINKS, NEAREST, LINK_DECISIONS, MODEL, BLOCKING, TRAINING, FREQUENCIES, MEMORY),
    *(FLAGGED_SELLERS, DECISIONS, SELLER_PARTIES, PARTY_EVENTS, CORRECTIONS),
    *(QUALITY_SCORECARD, QUALITY_FINDINGS, BROKEN_RULES, QUALITY_PROFILES),
    *(DELIVERIES, QUARANTINE),
)
