"""Which reasons truly hold: the rules of CONTRACT.md §2 and §3 on the true links instead of found ones.

Every function takes `Facts` and answers for all parties (or shops) at once. What a matcher must find out stands in
`Facts` as given: who trades in a shop, whose a code, an account or an id is.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from sample_data.arrays import NOBODY, Bools, Ints, looked_up, month_index
from sample_data.declarations import MONTH, QUARTER, YEAR, due_on
from sample_data.ids import CMND_WIDTH, PERSONAL_ID_WIDTH, is_mistyping
from sample_data.parties import FOREIGNER, ORGANISATION, PERSON
from sample_data.registry import ACTIVE_STATUSES, STOPPED_STATUSES
from sample_data.settings import Threshold

REASONS = (
    "UNREGISTERED",
    "STOPPED_BUT_SELLING",
    "UNDER_DECLARED",
    "BORROWED_IDENTITY",
    "INVALID_IDENTITY",
    "FOREIGN_UNREGISTERED",
)


@dataclass(frozen=True)
class Facts:
    """The true state of the country on a business date, as arrays.

    Attributes:
        today: day number of the business date.
        personal_id, cmnd, deceased: of each resident; cmnd 0 where there is none.
        party_kind: PERSON, ORGANISATION or FOREIGNER.
        party_person: the resident who trades; NOBODY for other parties and for people without a record.
        shop_party: who trades in each shop.
        shop_id_number, shop_id_width: the id declared, normalised; width 0 for none, masked ones and passports.
        shop_account_person, shop_account_firm: holder of the payout account; both NOBODY where no bank reports it.
        shop_supplier_registered: of a shop abroad, whether an active foreign_supplier has its declared tax code or id.
        code_party: owner of each tax code, or NOBODY; code_business: one may trade under it; code_status: 0 … 10.
        declared_code, declared_span, declared_period, declared_revenue: declarations, see `Declarations`.
        sale_shop, sale_month, sale_revenue, sale_withheld: rows of sales; months since January 1970, đồng.
    """

    today: int
    personal_id: Ints
    cmnd: Ints
    deceased: Bools
    party_kind: Ints
    party_person: Ints
    shop_party: Ints
    shop_id_number: Ints
    shop_id_width: Ints
    shop_account_person: Ints
    shop_account_firm: Ints
    shop_supplier_registered: Bools
    code_party: Ints
    code_business: Bools
    code_status: Ints
    declared_code: Ints
    declared_span: Ints
    declared_period: Ints
    declared_revenue: Ints
    sale_shop: Ints
    sale_month: Ints
    sale_revenue: Ints
    sale_withheld: Ints

    @property
    def parties(self) -> int:
        """Number of parties."""
        return len(self.party_kind)

    @property
    def resident(self) -> Bools:
        """Parties that are residents."""
        return np.asarray((self.party_kind == PERSON) & (self.party_person >= 0))


@dataclass(frozen=True)
class Flags:
    """True flags: tax year, party, shop where the flag is a shop's own (else NOBODY), reason (index of `REASONS`)."""

    year: Ints
    party: Ints
    shop: Ints
    reason: Ints


def tax_years(today: datetime.date) -> tuple[int, ...]:
    """Tax years that a night looks at: that of its business date and, through 31 March, the year before."""
    return (today.year - 1, today.year) if today.month <= 3 else (today.year,)


def threshold(rules: Iterable[Threshold], year: int, today: datetime.date) -> int:
    """Revenue threshold (đồng) of a tax year as known on a date: the newest of the rules known by then."""
    known = [rule for rule in rules if rule.known_from <= today and rule.tax_year_from <= year]
    return max(known, key=lambda rule: (rule.tax_year_from, rule.known_from)).vnd


def _sum(keys: Ints, values: Ints, size: int) -> Ints:
    """Exact sums of integers by key (floats would be off beyond 2^53)."""
    total = np.zeros(size, np.int64)
    np.add.at(total, keys, values)
    return total


def _sales_of(facts: Facts, year: int) -> Bools:
    """Sales rows of a year in periods that began on or before the business date."""
    return np.asarray((facts.sale_month // 12 == year - 1970) & (facts.sale_month <= month_index(facts.today)))


def revenue(facts: Facts, year: int) -> Ints:
    """Revenue of each party: gross revenue of all its shops, platforms and categories in the tax year."""
    rows = _sales_of(facts, year)
    return _sum(facts.shop_party[facts.sale_shop[rows]], facts.sale_revenue[rows], facts.parties)


def _own_codes(facts: Facts, statuses: tuple[int, ...] | None = None) -> Bools:
    """Parties that own a business code, of the given statuses or of any."""
    of_status = np.isin(facts.code_status, statuses) if statuses else np.ones(len(facts.code_status), np.bool_)
    rows = facts.code_business & of_status & (facts.code_party >= 0)
    return np.bincount(facts.code_party[rows], minlength=facts.parties) > 0


def unregistered(facts: Facts, year: int, bound: int) -> Bools:
    """UNREGISTERED: a resident above the threshold without any own registration for business, of whatever status."""
    return facts.resident & (revenue(facts, year) > bound) & ~_own_codes(facts)


def stopped_but_selling(facts: Facts, year: int, bound: int) -> Bools:
    """STOPPED_BUT_SELLING: no active own registration and at least one stopped; residents above the threshold.

    Organisations have no threshold: any revenue above 0 counts.
    """
    total = revenue(facts, year)
    firm = facts.party_kind == ORGANISATION
    enough = np.where(firm, total > 0, total > bound)
    stopped = _own_codes(facts, STOPPED_STATUSES) & ~_own_codes(facts, ACTIVE_STATUSES)
    return np.asarray((facts.resident | firm) & enough & stopped)


def due_quarters(today: int, year: int) -> Ints:
    """Quarters of a year (since 1970) that are due: from the day after the filing date."""
    quarters = np.arange((year - 1970) * 4, (year - 1970) * 4 + 4)
    return quarters[due_on(quarters) < today]


def declared(facts: Facts, year: int) -> Ints:
    """Declared revenue of all own codes of each party over the quarters that are due.

    Of a code and quarter the quarter's row counts, else the sum of its months; a year's row only where all four
    quarters are due and the code has no finer one.
    """
    due = due_quarters(facts.today, year)
    code, period, codes = facts.declared_code, facts.declared_period, len(facts.code_party)
    quarter_of_row = np.where(facts.declared_span == MONTH, period // 3, period)
    cell = code * 4 + quarter_of_row % 4
    fine = (facts.declared_span != YEAR) & (quarter_of_row // 4 == year - 1970)
    by_quarter = fine & (facts.declared_span == QUARTER)
    has_quarter = np.bincount(cell[by_quarter], minlength=codes * 4) > 0
    counts = (by_quarter | (fine & ~has_quarter[cell])) & np.isin(quarter_of_row, due)
    has_fine = np.bincount(code[fine], minlength=codes) > 0
    yearly = (facts.declared_span == YEAR) & (period == year - 1970) & ~has_fine[code] & (len(due) == 4)
    rows = (counts | yearly) & (facts.code_party[code] >= 0)
    return _sum(facts.code_party[code[rows]], facts.declared_revenue[rows], facts.parties)


def under_declared(facts: Facts, year: int, bound: int, share: float) -> Bools:
    """UNDER_DECLARED: actively registered, above the threshold, and declared too little of the due quarters' revenue.

    Too little is less than `share` of it. Only for organisations the sales rows on which tax was withheld count too.
    """
    party = facts.shop_party[facts.sale_shop]
    in_due = np.isin(facts.sale_month // 3, due_quarters(facts.today, year)) & _sales_of(facts, year)
    rows = in_due & ((facts.sale_withheld == 0) | (facts.party_kind[party] == ORGANISATION))
    base = _sum(party[rows], facts.sale_revenue[rows], facts.parties)
    at_home = facts.party_kind != FOREIGNER
    below = declared(facts, year) < share * base
    return np.asarray(at_home & (revenue(facts, year) > bound) & _own_codes(facts, ACTIVE_STATUSES) & below)


def id_holder(facts: Facts) -> Ints:
    """The resident to whom the declared id of each shop belongs, as personal id or CMND, or NOBODY."""
    by_id = looked_up(facts.personal_id, np.where(facts.shop_id_width == PERSONAL_ID_WIDTH, facts.shop_id_number, 0))
    by_cmnd = looked_up(facts.cmnd, np.where(facts.shop_id_width == CMND_WIDTH, facts.shop_id_number, 0))
    return np.maximum(by_id, by_cmnd)


def borrowed_identity(facts: Facts, year: int, bound: int) -> Bools:
    """BORROWED_IDENTITY: a resident above the threshold who declares another's id, or is paid to another's account.

    The other whose id it is must not be deceased. An account of an organisation is another's; one whose holder has no
    record is of unknown holder.
    """
    person = facts.party_person[facts.shop_party]
    holder = id_holder(facts)
    other_id = (holder >= 0) & (holder != person) & ~facts.deceased[holder]
    paid = facts.shop_account_person
    other_account = (facts.shop_account_firm >= 0) | ((paid >= 0) & (paid < len(facts.personal_id)) & (paid != person))
    return facts.resident & (revenue(facts, year) > bound) & _any_shop(facts, other_id | other_account)


def invalid_identity(facts: Facts, year: int, bound: int) -> Bools:
    """INVALID_IDENTITY: a resident above the threshold who declares a deceased person's id, or no one's.

    An id of no one that is a mistyping of the party's own (one digit, or two neighbours swapped) is none.
    """
    person = facts.party_person[facts.shop_party]
    holder = id_holder(facts)
    dead = (holder >= 0) & facts.deceased[holder]
    slip = np.zeros(len(person), np.bool_)
    for width, own in ((PERSONAL_ID_WIDTH, facts.personal_id), (CMND_WIDTH, facts.cmnd)):
        mine = np.where(person >= 0, own[person], 0)
        slip |= (facts.shop_id_width == width) & (mine > 0) & is_mistyping(facts.shop_id_number, mine, width)
    no_ones = (holder == NOBODY) & (facts.shop_id_width > 0) & ~slip
    return facts.resident & (revenue(facts, year) > bound) & _any_shop(facts, dead | no_ones)


def _any_shop(facts: Facts, of_shop: Bools) -> Bools:
    return np.bincount(facts.shop_party[of_shop], minlength=facts.parties) > 0


def foreign_unregistered(facts: Facts, year: int) -> Bools:
    """FOREIGN_UNREGISTERED, a shop each: abroad, any revenue above 0, its declared code and id no active supplier's."""
    rows = _sales_of(facts, year)
    total = _sum(facts.sale_shop[rows], facts.sale_revenue[rows], len(facts.shop_party))
    abroad = facts.party_kind[facts.shop_party] == FOREIGNER
    return np.asarray(abroad & (total > 0) & ~facts.shop_supplier_registered)


def flags(facts: Facts, bounds: dict[int, int], share: float) -> Flags:
    """All true flags of the tax years in `bounds` (year to threshold in đồng); `share` as in `under_declared`."""
    parts = [part for year, bound in bounds.items() for part in _flags_of_year(facts, year, bound, share)]
    return Flags(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _flags_of_year(facts: Facts, year: int, bound: int, share: float) -> list[tuple[Ints, Ints, Ints, Ints]]:
    of_parties = (
        unregistered(facts, year, bound),
        stopped_but_selling(facts, year, bound),
        under_declared(facts, year, bound, share),
        borrowed_identity(facts, year, bound),
        invalid_identity(facts, year, bound),
    )
    parts = [_part(year, np.flatnonzero(hit), None, reason) for reason, hit in enumerate(of_parties)]
    shop = np.flatnonzero(foreign_unregistered(facts, year))
    return [*parts, _part(year, facts.shop_party[shop], shop, REASONS.index("FOREIGN_UNREGISTERED"))]


def _part(year: int, party: Ints, shop: Ints | None, reason: int) -> tuple[Ints, Ints, Ints, Ints]:
    n = len(party)
    return np.full(n, year), party, np.full(n, NOBODY) if shop is None else shop, np.full(n, reason)
