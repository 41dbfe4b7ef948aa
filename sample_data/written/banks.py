"""What banks write of accounts and of payments into them (`bank_accounts`, `bank_inflows`)."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sample_data.arrays import (
    NOBODY,
    Ints,
    Text,
    blanked,
    chosen,
    dates,
    first_day,
    first_of_each,
    joined,
    padded,
    where,
)
from sample_data.banks import BANK_CODES
from sample_data.country import Country
from sample_data.ids import TAX_CODE_WIDTH
from sample_data.noise import spacing, text_styles, written_phones
from sample_data.streams import Kinds, Streams
from sample_data.telecom import contact_numbers
from sample_data.times import moments, updated_at
from sample_data.written.common import id_on_file
from sample_data.written.sales import month_names

_NAME_WIDTH = 70  # characters that a bank keeps of a name


def write_accounts(streams: Streams, country: Country) -> pa.Table:
    """The delivery of `bank_accounts`."""
    accounts, rules = country.accounts, country.settings.banks
    n, firm = len(accounts), accounts.organisation >= 0
    contact = np.where(firm, country.companies.representative[accounts.organisation], accounts.person)
    phone = contact_numbers(country.people, country.sims, contact, streams.kinds("banks.phone", n, rules.phone))
    table = pa.table(
        {
            "bank_code": chosen(BANK_CODES, accounts.bank),
            "account_number": accounts.number,
            "holder_name": _holder_names(streams, country),
            "holder_id_number": _holder_ids(streams, country, streams.kinds("banks.id", n, rules.id_number)),
            "holder_type": chosen(("individual", "organisation"), firm.astype(np.int64)),
            "phone": written_phones(streams, "banks", phone, country.settings.phone_forms),
            "opened_on": dates(accounts.opened_on),
            "status": chosen(("active", "dormant", "closed"), streams.pick("banks.status", n, rules.statuses)),
            "updated_at": updated_at(streams, "banks", accounts.opened_on, country.today),
        }
    )
    return table.filter(pa.array(accounts.delivered))


def _holder_names(streams: Streams, country: Country) -> Text:
    accounts = country.accounts
    firm = accounts.organisation >= 0
    words = np.where(
        firm[:, None], country.companies.names[accounts.organisation], country.people.names[accounts.person]
    )
    style = text_styles(streams, "banks.name", len(words), country.settings.text.banks, words=words.shape[1])
    text = country.lexicon.write(words, style, spacing(streams, "banks.name", len(words), country.settings.spacing))
    return pc.utf8_slice_codeunits(text, 0, _NAME_WIDTH)


def _holder_ids(streams: Streams, country: Country, kinds: Kinds) -> Text:
    accounts, people = country.accounts, country.people
    firm = accounts.organisation >= 0
    of_person = _ten_digit_codes(country)[accounts.person]
    code = np.where(firm, country.companies.tax_code[accounts.organisation], of_person)
    by_code = firm | (kinds["tax_code"] & (of_person > 0))
    ids = where(by_code, padded(code, TAX_CODE_WIDTH), id_on_file(streams, "banks", people, accounts.person, kinds))
    passport = joined("C", padded(people.personal_id[accounts.person] % 10_000_000, 7))
    return blanked(where(kinds["passport"] & ~firm, passport, ids), kinds["missing"])


def _ten_digit_codes(country: Country) -> Ints:
    """A ten-digit tax code of each person, 0 where there is none."""
    registry = country.registry
    rows = np.where((registry.width == TAX_CODE_WIDTH) & (registry.branch == 0), registry.person, NOBODY)
    row = first_of_each(rows, len(country.people))
    return np.where(row >= 0, registry.number[row], 0)


def write_inflows(streams: Streams, country: Country) -> pa.Table:
    """The delivery of `bank_inflows`: months of the tax year, of part of the accounts."""
    accounts, sales, n = country.accounts, country.sales, len(country.accounts)
    months = np.arange(int(sales.month.max()) // 12 * 12, int(sales.month.max()) + 1)
    paid = _paid_by_platforms(country, months)
    rules = country.settings.banks
    used = paid.any(axis=1)
    shown = streams.hits("inflows.shown", n, np.where(used, rules.inflows_of_shops, rules.inflows_of_others))
    account = np.flatnonzero(shown & accounts.delivered)
    rng = streams.rng("inflows.other")
    other = (np.exp(16 + rng.standard_normal((len(account), len(months)))) / 1000).astype(np.int64) * 1000
    row, column = np.nonzero((paid[account] > 0) | (rng.random(other.shape) < 0.6))
    ecommerce = paid[account[row], column]
    total = ecommerce + other[row, column]
    return pa.table(
        {
            "bank_code": chosen(BANK_CODES, accounts.bank[account[row]]),
            "account_number": accounts.number.take(pa.array(account[row])),
            "period": month_names(months[column]),
            "inflow_vnd": pa.array(total),
            "inflow_count": pa.array(total // 300_000 + 1),
            "ecommerce_inflow_vnd": pa.array(ecommerce),
            "updated_at": _after_month(months[column], country.today),
        }
    )


def _paid_by_platforms(country: Country, months: Ints) -> Ints:
    """What platforms pay into each account by month: sales less a tenth for fees."""
    sales, account = country.sales, country.declared.account[country.sales.shop]
    rows = (account >= 0) & (sales.month >= months[0]) & (sales.revenue > 0)
    cell = account[rows] * len(months) + sales.month[rows] - months[0]
    paid = np.zeros(len(country.accounts) * len(months), np.int64)
    np.add.at(paid, cell, sales.revenue[rows] // 10_000 * 9_000)
    return paid.reshape(len(country.accounts), len(months))


def _after_month(month: Ints, today: int) -> pa.Array:
    return moments(np.minimum(first_day(month + 1) + 9, today - 1), np.full(len(month), 30_000))
