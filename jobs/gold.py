"""Gold: from the pictures and links of the night to its cases and parties; the wiring, one step a line."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs import case_evidence, cases, flags, identity, parties, revenue
from jobs.law import Status, YearLaw, judged_years, statuses
from jobs.settings import GoldSettings
from jobs.tables import SELLER_PARTIES


@dataclass(frozen=True)
class GoldInputs:
    """What the flags are made of.

    Attributes:
        residents: silver, as are taxpayers, declarations, bank_accounts, sellers and seller_sales; empty where the
            source never came.
        seller_links: of match, as are nearest_candidates and holder_links.
        previous_flagged: gold/flagged_sellers of the last finished night, empty on the first; so previous_parties.
        present: sources that ever came.
        degraded: sources whose evidence is marked tonight: late, held, refused, or warned of by the gate (ADR 8).
    """

    residents: DataFrame
    taxpayers: DataFrame
    declarations: DataFrame
    bank_accounts: DataFrame
    sellers: DataFrame
    seller_sales: DataFrame
    seller_links: DataFrame
    nearest_candidates: DataFrame
    holder_links: DataFrame
    previous_flagged: DataFrame
    previous_parties: DataFrame
    present: frozenset[str]
    degraded: frozenset[str] = frozenset()


@dataclass(frozen=True)
class GoldOutputs:
    """Whole new content of two tables, lazily."""

    flagged_sellers: DataFrame
    seller_parties: DataFrame


def build(
    inputs: GoldInputs,
    business_date: dt.date,
    settings: GoldSettings,
    keep: Callable[[DataFrame], DataFrame],
) -> GoldOutputs:
    """Judge every party in every tax year that the night looks at.

    Args:
        inputs: what the flags are made of.
        business_date: the only today.
        settings: the secret of the keys, the share below which too little is declared.
        keep: computes a frame once for all who read it and gives back one whose plan begins there (a checkpoint).

    Returns:
        gold/flagged_sellers and gold/seller_parties, older years as they were.

    Raises:
        NightFailed: no law is on record for a judged tax year.
    """
    laws, standings = judged_years(business_date), statuses(business_date)
    shops = keep(parties.assign_parties(inputs.sellers, inputs.seller_links, inputs.residents, settings.hash_key))
    sales = revenue.counted_sales(inputs.seller_sales, laws, business_date)
    years = keep(parties.shop_years(shops, revenue.shop_revenue(sales, laws), laws))
    codes = keep(parties.own_codes(shops, inputs.taxpayers, inputs.holder_links, standings))
    suppliers = parties.suppliers(shops, inputs.taxpayers, standings)
    facts = _facts(inputs, shops, years, codes, suppliers, laws)
    found = flags.findings(laws, inputs.present, settings.under_declared_share)
    judged = keep(facts.withColumn("findings", found))
    flagged = _flagged(inputs, judged, shops, years, codes, sales, laws, standings, settings)
    return GoldOutputs(
        cases.carry_on(inputs.previous_flagged, flagged, laws, flags.judged_reasons(inputs.present), business_date),
        _parties(inputs, judged, laws),
    )


def carry_on(inputs: GoldInputs, business_date: dt.date) -> DataFrame:
    """gold/flagged_sellers of a night that judges the same inputs as the one before did; arguments as in `build`."""
    laws, judged = judged_years(business_date), flags.judged_reasons(inputs.present)
    found = cases.still_hold(inputs.previous_flagged, laws, judged)
    return cases.carry_on(inputs.previous_flagged, found, laws, judged, business_date)


def _facts(
    inputs: GoldInputs,
    shops: DataFrame,
    years: DataFrame,
    codes: DataFrame,
    suppliers: DataFrame,
    laws: Sequence[YearLaw],
) -> DataFrame:
    """One row a party and tax year, with all that the reasons ask for."""
    registered = parties.registrations(codes)
    own = codes.where(~F.col("held")).select("party_key", "code")
    declaring = parties.declaring_codes(own, shops, inputs.taxpayers, inputs.declarations)
    declared = revenue.declared_revenue(inputs.declarations, declaring, laws)
    uses = identity.declared_id_findings(shops, inputs.residents).unionByName(
        identity.account_findings(
            shops,
            registered.select("party_key", "own_code_list"),
            inputs.bank_accounts,
            inputs.holder_links,
            inputs.residents,
        )
    )
    facts = (
        parties.describe(parties.party_years(years, laws), registered, laws)
        .join(declared, ["party_key", "tax_year"], "left")
        .join(identity.by_party(uses), "party_key", "left")
        .join(suppliers, "party_key", "left")
        .fillna(False, ["supplier_active"])
    )
    amounts = {name: revenue.money(F.col(name)) for name in ("declared_vnd", "paid_vnd", "declared_due_vnd")}
    if "declarations" not in inputs.present:
        # Nothing was declared as far as anybody knows: that is not 0.
        amounts["paid_vnd"] = F.lit(None).cast(revenue.MONEY)
    return facts.withColumns({**amounts, "tax_code": F.coalesce("tax_code", "supplier_code")})


def _flagged(
    inputs: GoldInputs,
    judged: DataFrame,
    shops: DataFrame,
    years: DataFrame,
    codes: DataFrame,
    sales: DataFrame,
    laws: Sequence[YearLaw],
    standings: Mapping[str, Status],
    settings: GoldSettings,
) -> DataFrame:
    """The cases that hold tonight."""
    flagged = judged.where(F.size("findings") > 0)
    stopped = F.exists("findings", lambda finding: finding["reason"] == str(flags.Reason.STOPPED_BUT_SELLING))
    closings = flagged.where(stopped & F.col("closed_on").isNotNull()).select("party_key", "tax_year", "closed_on")
    shops_closed = years.select("platform", "shop_id", "party_key", "tax_year").join(
        closings, ["party_key", "tax_year"], "inner"
    )
    return cases.tonight(
        flagged,
        case_evidence.shop_arrays(
            years, inputs.seller_links, inputs.nearest_candidates, flagged.select("party_key", "tax_year")
        ),
        case_evidence.code_arrays(codes),
        parties.represented(shops, inputs.taxpayers, flagged.select("party_key"), standings),
        revenue.revenue_after(sales, shops_closed),
        laws,
        settings.hash_key,
        inputs.degraded,
        settings.under_declared_share,
    )


def _parties(inputs: GoldInputs, judged: DataFrame, laws: Sequence[YearLaw]) -> DataFrame:
    """gold/seller_parties: the judged years anew, older ones as they were."""
    known = F.col("kind").isin(parties.RESIDENT, parties.CODE, parties.ORGANISATION)
    declared = F.when(known & F.lit("declarations" in inputs.present), F.col("declared_vnd"))
    tonight = judged.select(
        *("party_key", "personal_id", "tax_code", "party_type", "tax_year"),
        *(parties.tax_status().alias("tax_status"), "shop_count"),
        *(revenue.to_bigint(F.col(name)).alias(name) for name in ("revenue_vnd", "withheld_vnd")),
        revenue.to_bigint(declared).alias("declared_revenue_vnd"),
    )
    older = inputs.previous_parties.where(~F.col("tax_year").isin([law.tax_year for law in laws]))
    return older.select(*SELLER_PARTIES.columns).unionByName(tonight)
