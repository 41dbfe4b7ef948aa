"""Bank accounts: who holds them, and the pools that many shops use."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sample_data import tables
from sample_data.arrays import NOBODY, Bools, Ints, Text, first_of_each, joined, padded, where
from sample_data.ids import repeated
from sample_data.organisations import Organisations
from sample_data.people import People
from sample_data.settings import BankSettings
from sample_data.streams import Streams
from sample_data.telecom import Sims

BANK_CODES = tuple(tables.column("banks", "bin"))
_LENGTHS = np.array([int(length) for length in tables.column("banks", "length")])


@dataclass(frozen=True)
class Accounts:
    """One row an account.

    Attributes:
        bank: index of `BANK_CODES`.
        number: account number as text.
        person, organisation: the holder, one of them NOBODY.
        opened_on: day number.
        of_person, of_organisation: first account of each, or NOBODY.
        delivered: whether the bank reports the account at all.
    """

    bank: Ints
    number: Text
    person: Ints
    organisation: Ints
    opened_on: Ints
    of_person: Ints
    of_organisation: Ints
    delivered: Bools

    def __len__(self) -> int:
        return len(self.bank)


def draw_accounts(
    streams: Streams,
    people: People,
    sims: Sims,
    companies: Organisations,
    rules: BankSettings,
    sells: Bools,
    today: int,
) -> Accounts:
    """Accounts of grown-ups and organisations; those who sell (`sells`, one a person) nearly all have one."""
    holder, firm = _holders(streams, people, companies, rules, sells, today)
    n = len(holder)
    bank = streams.pick("banks.bank", n, tables.floats("banks", "share"))
    grown = np.where(holder >= 0, np.maximum(people.birth[holder] + 15 * 365, today - 18 * 365), today - 9 * 365)
    return Accounts(
        bank=bank,
        number=_numbers(streams, sims, rules, bank, holder),
        person=holder,
        organisation=firm,
        opened_on=streams.integers("banks.opened", n, np.minimum(grown, today - 30), today),
        of_person=first_of_each(holder, len(people)),
        of_organisation=first_of_each(firm, len(companies)),
        delivered=~streams.hits("banks.unreported", n, rules.unreported),
    )


def _holders(
    streams: Streams, people: People, companies: Organisations, rules: BankSettings, sells: Bools, today: int
) -> tuple[Ints, Ints]:
    n = len(people)
    count = streams.pick("banks.count", n, rules.accounts) * (people.ages(today) >= 15)
    surely = sells & streams.hits("banks.seller_has_one", n, rules.seller_has_account)
    person = np.repeat(np.arange(n), np.where(surely, np.maximum(count, 1), count))
    firm = np.repeat(
        np.arange(len(companies)), streams.pick("banks.company_count", len(companies), rules.company_accounts)
    )
    nobody = np.full(len(firm), NOBODY)
    return np.concatenate([person, nobody]), np.concatenate([np.full(len(person), NOBODY), firm])


def _numbers(streams: Streams, sims: Sims, rules: BankSettings, bank: Ints, holder: Ints) -> Text:
    n = len(bank)
    text = _plain_numbers(streams, _LENGTHS[bank])
    first = ~repeated(holder) & (holder >= 0)
    phone = np.where(first, sims.current[holder], 0)
    as_phone = streams.hits("banks.vanity_phone", n, rules.vanity_phone) & (phone > 0)
    letters = streams.hits("banks.vanity_letters", n, rules.vanity_letters) & ~as_phone
    text = where(as_phone, padded(phone, 10), text)
    return where(letters, joined("SHOP", padded(np.arange(n), 8)), text)


def _plain_numbers(streams: Streams, length: Ints) -> Text:
    """Distinct numbers of the given lengths (over all banks: more than is asked, and simpler)."""
    rng = streams.rng("banks.number")
    top = 10.0**length
    numbers = ((0.1 + 0.9 * rng.random(len(length))) * top).astype(np.int64)
    while (again := repeated(numbers)).any():
        numbers[again] = ((0.1 + 0.9 * rng.random(int(again.sum()))) * top[again]).astype(np.int64)
    return pc.cast(pa.array(numbers), pa.string())
