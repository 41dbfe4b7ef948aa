"""Writes a country: the landing zone of one night, and the truth behind it. `write_country` is the way in."""

from __future__ import annotations

import datetime
import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from sample_data import truth
from sample_data.arrays import NOBODY, Bools, Ints, blanked, chosen, padded
from sample_data.country import Country, draw_country
from sample_data.deliver import write_delivery
from sample_data.faults import Fault, write_next_night
from sample_data.ids import PERSONAL_ID_WIDTH
from sample_data.parties import PERSON
from sample_data.people import DECEASED
from sample_data.registry import best_rows
from sample_data.settings import SampleSettings, load_settings
from sample_data.streams import Streams
from sample_data.written.banks import write_accounts, write_inflows
from sample_data.written.residents import write_residents
from sample_data.written.sales import write_declarations, write_sales
from sample_data.written.sellers import write_sellers
from sample_data.written.taxpayers import write_taxpayers
from sample_data.written.telecom import write_subscribers

FEWEST_RESIDENTS, MOST_RESIDENTS = 1_000, 20_000_000
FIRST_DATE, LAST_DATE = datetime.date(2025, 10, 1), datetime.date(2035, 12, 31)


class SampleError(ValueError):
    """A country that cannot be made as asked; the message is one line for the user."""


@dataclass(frozen=True)
class Drawn:
    """A country in memory.

    Attributes:
        country: all people, organisations and their traces.
        late: shops whose row comes later.
        rows: each source with the function that makes its rows, once; called one at a time, to hold one in memory at
            a time.
    """

    country: Country
    late: Bools
    rows: Mapping[str, Callable[[], pa.Table]]


def draw(
    residents: int,
    seed: int,
    business_date: datetime.date,
    settings: SampleSettings | None = None,
    progress: Callable[[str], None] | None = None,
) -> Drawn:
    """A country; the arguments are those of `write_country`."""
    rules, streams = settings or load_settings(), Streams(seed)
    country = draw_country(streams, rules, residents, business_date, progress or (lambda _: None))
    late = streams.hits("sellers.late", len(country.shops), rules.sellers.late_row)
    return Drawn(country, late, _rows(country, streams, late))


def write_country(
    out: Path,
    residents: int,
    seed: int,
    business_date: datetime.date,
    settings: SampleSettings | None = None,
    fault: Fault | None = None,
    progress: Callable[[str], None] | None = None,
) -> None:
    """Writes `out/landing` (all eight sources, to CONTRACT.md §1) and `out/truth` (§4).

    The same arguments give the same bytes.

    Args:
        out: folder to write to; it must not exist or be empty.
        residents: number of residents in the population database.
        seed: seed of all random draws, 0 or more.
        business_date: the night that the deliveries are for.
        settings: names, shares and noise; `settings.yaml` by default.
        fault: what is wrong with the deliveries of a second night, which are then written too.
        progress: told in words what has been done.

    Raises:
        SampleError: when the arguments make no sense or `out` is in use.
    """
    _check(out, residents, seed, business_date)
    rules, say = settings or load_settings(), progress or (lambda _: None)
    drawn = draw(residents, seed, business_date, rules, say)
    # Rows can be made once only; a second night needs them again.
    made = drawn.rows if fault is None else {source: functools.cache(rows) for source, rows in drawn.rows.items()}
    for source, rows in made.items():
        write_delivery(out / "landing", source, business_date, rows(), rules.delivery)
        say(f"{source} written ({rules.delivery.formats[source]})")
    _write_truth(out / "truth", drawn.country, drawn.late)
    say("truth written")
    if fault is not None:
        following = business_date + datetime.timedelta(days=1)
        write_next_night(out / "landing", made, following, rules.delivery, fault)
        say(f"night {following} written: {fault.source}: {fault.sentence}")


def _check(out: Path, residents: int, seed: int, business_date: datetime.date) -> None:
    if not FEWEST_RESIDENTS <= residents <= MOST_RESIDENTS:
        raise SampleError(f"residents: between {FEWEST_RESIDENTS:,} and {MOST_RESIDENTS:,}, not {residents:,}")
    if seed < 0:
        raise SampleError(f"seed: 0 or more, not {seed}")
    if not FIRST_DATE <= business_date <= LAST_DATE:
        raise SampleError(f"business date: between {FIRST_DATE} and {LAST_DATE}, not {business_date}")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise SampleError(f"{out}: exists and is not an empty folder")


def _rows(country: Country, streams: Streams, late: Bools) -> dict[str, Callable[[], pa.Table]]:
    return {
        "residents": lambda: write_residents(streams, country),
        "taxpayers": lambda: write_taxpayers(streams, country),
        "declarations": lambda: write_declarations(country),
        "bank_accounts": lambda: write_accounts(streams, country),
        "bank_inflows": lambda: write_inflows(streams, country),
        "telecom_subscribers": lambda: write_subscribers(streams, country),
        "sellers": lambda: write_sellers(streams, country).filter(pa.array(~late)),
        "seller_sales": lambda: write_sales(country),
    }


def _write_truth(folder: Path, country: Country, late: Bools) -> None:
    folder.mkdir(parents=True)
    pyarrow.parquet.write_table(
        true_shops(country).filter(pa.array(~late)), folder / "shops.parquet", compression="zstd"
    )
    pyarrow.parquet.write_table(true_flags(country, late), folder / "flags.parquet", compression="zstd")


def true_shops(country: Country) -> pa.Table:
    """Who really trades in each shop (CONTRACT §4)."""
    party = country.shops.party
    return pa.table({**_shop_keys(country, np.arange(len(party))), **_party_ids(country, party)})


def true_flags(country: Country, late: Bools) -> pa.Table:
    """Every reason that truly holds, for the tax years that the night looks at (CONTRACT §4)."""
    rules = country.settings
    bounds = {year: truth.threshold(rules.thresholds, year, country.date) for year in truth.tax_years(country.date)}
    flags = truth.flags(facts(country, late), bounds, rules.declarations.due_share)
    return pa.table(
        {
            "tax_year": pa.array(flags.year.astype(np.int32)),
            **_party_ids(country, flags.party),
            **_shop_keys(country, flags.shop),
            "reason": chosen(truth.REASONS, flags.reason),
        }
    )


def _shop_keys(country: Country, shop: Ints) -> dict[str, pa.Array]:
    platforms = [platform.name for platform in country.settings.sellers.platforms]
    return {
        "platform": chosen(platforms, np.where(shop >= 0, country.shops.platform[shop], NOBODY)),
        "shop_id": country.shops.shop_id.take(pa.array(shop, mask=shop < 0)),
    }


def _party_ids(country: Country, party: Ints) -> dict[str, pa.Array]:
    people, registry = country.people, country.registry
    person = country.parties.person[party]
    row = best_rows(registry, registry.party(country.parties), len(country.parties))[party]
    known = people.is_resident(person)
    ids = padded(people.personal_id[np.maximum(person, 0)], PERSONAL_ID_WIDTH)
    return {
        "personal_id": blanked(ids, ~known),
        "tax_code": registry.codes().take(pa.array(row, mask=row < 0)),
    }


def facts(country: Country, late: Bools) -> truth.Facts:
    """The country as the truth sees it; shops whose row comes later (`late`) do not count yet."""
    people, parties, declared, sales = country.people, country.parties, country.declared, country.sales
    registry, filed, accounts = country.registry, country.declarations, country.accounts
    account = np.where(late | (declared.account < 0) | ~accounts.delivered[declared.account], NOBODY, declared.account)
    resident = people.is_resident(parties.person) & (parties.kind == PERSON)
    counted = ~late[sales.shop]
    return truth.Facts(
        today=country.today,
        personal_id=people.personal_id[: people.residents],
        cmnd=people.cmnd[: people.residents],
        deceased=people.status[: people.residents] == DECEASED,
        party_kind=parties.kind,
        party_person=np.where(resident, parties.person, NOBODY),
        shop_party=country.shops.party,
        shop_id_number=declared.id_number,
        shop_id_width=np.where(late, 0, declared.id_width),
        shop_account_person=np.where(account >= 0, accounts.person[account], NOBODY),
        shop_account_firm=np.where(account >= 0, accounts.organisation[account], NOBODY),
        shop_supplier_registered=country.codes.supplier_registered,
        code_party=registry.party(parties),
        code_business=registry.is_business(),
        code_status=registry.status,
        declared_code=filed.code,
        declared_span=filed.span,
        declared_period=filed.period,
        declared_revenue=filed.revenue,
        sale_shop=sales.shop[counted],
        sale_month=sales.month[counted],
        sale_revenue=sales.revenue[counted],
        sale_withheld=sales.withheld[counted],
    )
