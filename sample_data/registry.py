"""The tax registry: who has which codes, of which type, in which state (DOMAIN 2.3, 2.4)."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, fields, replace

import numpy as np

from sample_data.arrays import NEVER, NOBODY, Bools, Floats, Ints, Text, days, joined, padded, where
from sample_data.ids import PERSONAL_ID_WIDTH, TAX_CODE_WIDTH, tax_codes
from sample_data.organisations import Foreigners, Organisations
from sample_data.parties import Parties
from sample_data.people import ALIVE, People
from sample_data.settings import RegistrySettings
from sample_data.streams import Kinds, Streams, kinds_of

TYPES = ("individual", "household_business", "organisation", "foreign_supplier")
INDIVIDUAL, HOUSEHOLD_BUSINESS, ORGANISATION, FOREIGN_SUPPLIER = range(4)
ECOMMERCE = 888  # branch number of the e-commerce activity of an individual
ACTIVE_STATUSES, STOPPED_STATUSES = (0, 2), (1, 3, 5)
NEW_CODES_FROM = days(datetime.date(2025, 7, 1))  # the personal id is the tax code (TT 86/2024)
_ECOMMERCE_FROM = days(datetime.date(2024, 12, 19))  # the tax portal for individuals in e-commerce opens


@dataclass(frozen=True)
class Registry:
    """One row a tax code.

    Attributes:
        person, organisation, foreigner: whose it is, NOBODY in the other two.
        number: 10 or 12 digits; width: which of the two; branch: the 3 digits after the hyphen, 0 for none.
        type: index of `TYPES`.
        status: 0 … 10.
        registered_on, closed_on: day numbers, NEVER where there is none.
    """

    person: Ints
    organisation: Ints
    foreigner: Ints
    number: Ints
    width: Ints
    branch: Ints
    type: Ints
    status: Ints
    registered_on: Ints
    closed_on: Ints

    def __len__(self) -> int:
        return len(self.number)

    def codes(self) -> Text:
        """Tax codes as text."""
        plain = where(
            self.width == PERSONAL_ID_WIDTH, padded(self.number, PERSONAL_ID_WIDTH), padded(self.number, TAX_CODE_WIDTH)
        )
        return where(self.branch > 0, joined(plain, padded(self.branch, 3), separator="-"), plain)

    def is_business(self) -> Bools:
        """Codes under which one may trade: household business, organisation, or an -888 code of any type."""
        return np.asarray(np.isin(self.type, (HOUSEHOLD_BUSINESS, ORGANISATION)) | (self.branch == ECOMMERCE))

    def party(self, parties: Parties) -> Ints:
        """The trading party that owns each code, or NOBODY."""
        of_firm = np.full(int(self.organisation.max(initial=0)) + 1, NOBODY)
        of_foreigner = np.full(int(self.foreigner.max(initial=0)) + 1, NOBODY)
        for table, owner in ((of_firm, parties.organisation), (of_foreigner, parties.foreigner)):
            known = (owner >= 0) & (owner < len(table))
            table[owner[known]] = np.flatnonzero(known)
        by_person = np.where(self.person >= 0, parties.of_person[self.person], NOBODY)
        by_firm = np.where(self.organisation >= 0, of_firm[self.organisation], NOBODY)
        return np.maximum(
            np.maximum(by_person, by_firm), np.where(self.foreigner >= 0, of_foreigner[self.foreigner], NOBODY)
        )


@dataclass(frozen=True)
class _Draft:
    """What is decided of each person before rows are made."""

    business: Kinds  # active, stopped, other, or none
    form: Kinds  # of the business codes: right is the personal id
    number: Ints  # the ten-digit code, whether used or not
    second: Ints  # another ten-digit code
    active: Ints  # a status of each group
    stopped: Ints
    other: Ints
    began: Ints


def draw_registry(
    streams: Streams,
    people: People,
    parties: Parties,
    companies: Organisations,
    foreigners: Foreigners,
    rules: RegistrySettings,
    today: int,
) -> Registry:
    """All tax codes of people, organisations and foreign suppliers."""
    draft = _draft(streams, people, parties, rules, today)
    adult = (people.ages(today) >= 18) & people.is_resident(np.arange(len(people)))
    blocks = [
        *_business_rows(streams, people, draft, rules, today),
        *_individual_rows(streams, people, draft, adult, rules, today),
        *_organisation_rows(streams, companies, rules, today),
        _supplier_rows(streams, foreigners, today),
    ]
    whole = Registry(*(np.concatenate([getattr(block, f.name) for block in blocks]) for f in fields(Registry)))
    return _with_every_status(whole, whole.party(parties))


def _draft(streams: Streams, people: People, parties: Parties, rules: RegistrySettings, today: int) -> _Draft:
    n = len(people)
    party = parties.of_person
    adult = (people.ages(today) >= 18) & (people.status == ALIVE)
    uniform = streams.uniform("registry.business", n)
    hides = (party >= 0) & parties.hides[party]
    business = _business_kinds(uniform, rules, party >= 0, hides, adult, people.is_resident(np.arange(n)))
    codes = tax_codes(streams, "registry.number", n * 2, 400_000_000, 900_000_000)
    oldest = np.maximum(people.birth + 18 * 365, today - 12 * 365)
    return _Draft(
        business=business,
        form=streams.kinds("registry.form", n, rules.business_form),
        number=codes[:n],
        second=codes[n:],
        active=np.array([0, 2])[streams.pick("registry.active", n, rules.active_statuses)],
        stopped=np.array(STOPPED_STATUSES)[streams.pick("registry.stopped", n, rules.stopped_statuses)],
        other=np.array([4, 6, 7, 8, 9, 10])[streams.pick("registry.other", n, rules.other_statuses)],
        began=streams.integers("registry.began", n, np.minimum(oldest, today - 200), today - 100),
    )


def _business_kinds(
    uniform: Floats, rules: RegistrySettings, sells: Bools, hides: Bools, adult: Bools, resident: Bools
) -> Kinds:
    kinds = kinds_of(uniform, rules.business_of_others, rules.business_of_sellers, sells)
    hidden = kinds_of(uniform, rules.business_of_hiders)
    codes = np.where(hides, hidden.codes, kinds.codes)
    kept = adult & (resident | (sells & (codes == kinds.names.index("active"))))
    return Kinds(kinds.names, np.where(kept, codes, 0))


def _rows(
    person: Ints,
    number: Ints,
    width: int,
    branch: int,
    type_: Ints | int,
    status: Ints | int,
    began: Ints,
    closed: Ints,
) -> Registry:
    n = len(person)
    nobody = np.full(n, NOBODY)
    full = [np.broadcast_to(np.asarray(value, np.int64), n) for value in (width, branch, type_, status)]
    return Registry(person, nobody, nobody, number, full[0], full[1], full[2], full[3], began, closed)


def _closings(streams: Streams, tag: str, status: Ints, began: Ints, today: int) -> Ints:
    closed = streams.integers(f"registry.{tag}.closed", len(status), np.maximum(began + 30, today - 700), today - 20)
    return np.where(np.isin(status, (1, 3)), closed, NEVER)


def _business_rows(
    streams: Streams, people: People, draft: _Draft, rules: RegistrySettings, today: int
) -> list[Registry]:
    active, stopped, other = (draft.business[kind] for kind in ("active", "stopped", "other"))
    status = np.where(active, draft.active, np.where(stopped, draft.stopped, draft.other))
    two = draft.form["two_codes"] & active
    ecommerce = draft.form["ecommerce"] & (active | stopped)
    # a code that waits for the personal id is an old one
    old = ~draft.form["right"] | (other & (status == 10))
    ten = (active | stopped | other) & old & ~two & ~ecommerce
    new = (active | stopped | other) & ~old
    closed = _closings(streams, "business", status, draft.began, today)
    return [
        *_rows_of_new_codes(streams, people, draft, rules, new, new & ~other, status, closed),
        *_rows_of_old_codes(streams, draft, rules, ten, status, closed),
        *_rows_of_ecommerce(streams, draft, rules, two, ecommerce, status, closed, today),
    ]


def _rows_of_new_codes(
    streams: Streams,
    people: People,
    draft: _Draft,
    rules: RegistrySettings,
    new: Bools,
    converted: Bools,
    status: Ints,
    closed: Ints,
) -> list[Registry]:
    """Household businesses under the personal id; of some the old code stands beside it, closed."""
    n = len(status)
    began, before = np.maximum(draft.began, NEW_CODES_FROM), np.minimum(draft.began, NEW_CODES_FROM - 30)
    merged = NEW_CODES_FROM + streams.integers("registry.merged", n, 0, 60)
    kept = converted & streams.hits("registry.old_code", n, rules.old_code_kept)
    return [
        _planned(new, people.personal_id, PERSONAL_ID_WIDTH, 0, HOUSEHOLD_BUSINESS, status, began, closed),
        _planned(kept, draft.number, TAX_CODE_WIDTH, 0, HOUSEHOLD_BUSINESS, 1, before, merged),
    ]


def _rows_of_old_codes(
    streams: Streams, draft: _Draft, rules: RegistrySettings, ten: Bools, status: Ints, closed: Ints
) -> list[Registry]:
    """Household businesses under ten digits, some with a place of business (-001)."""
    branch = ten & streams.hits("registry.branch", len(ten), rules.branches)
    return [
        _planned(who, draft.number, TAX_CODE_WIDTH, place, HOUSEHOLD_BUSINESS, status, draft.began, closed)
        for place, who in ((0, ten), (1, branch))
    ]


def _rows_of_ecommerce(
    streams: Streams,
    draft: _Draft,
    rules: RegistrySettings,
    two: Bools,
    ecommerce: Bools,
    status: Ints,
    closed: Ints,
    today: int,
) -> list[Registry]:
    """Codes -888 beside the individual's code, or (`two`) after a household business was closed."""
    n = len(status)
    number, none = draft.number, np.full(n, NEVER)
    personal = streams.hits("registry.888_personal", n, rules.ecommerce_individual)
    type_ = np.where(personal, INDIVIDUAL, HOUSEHOLD_BUSINESS)
    before = np.minimum(draft.began, today - 400)
    ended, opened = np.full(n, today - 150), np.maximum(draft.began, _ECOMMERCE_FROM)
    return [
        _planned(two, number, TAX_CODE_WIDTH, 0, HOUSEHOLD_BUSINESS, 1, before, ended),
        _planned(two, number, TAX_CODE_WIDTH, ECOMMERCE, type_, status, ended + 10, none),
        _planned(ecommerce, number, TAX_CODE_WIDTH, 0, INDIVIDUAL, 0, draft.began, none),
        _planned(ecommerce, number, TAX_CODE_WIDTH, ECOMMERCE, type_, status, opened, closed),
    ]


def _planned(
    who: Bools, number: Ints, width: int, branch: int, type_: Ints | int, status: Ints | int, began: Ints, closed: Ints
) -> Registry:
    """Rows of the people whom `who` marks, from arrays over all people."""
    person = np.flatnonzero(who)
    type_, status = (value if isinstance(value, int) else value[person] for value in (type_, status))
    ended = np.where(closed[person] == NEVER, NEVER, np.maximum(closed[person], began[person] + 10))
    return _rows(person, number[person], width, branch, type_, status, began[person], ended)


def _individual_rows(
    streams: Streams, people: People, draft: _Draft, adult: Bools, rules: RegistrySettings, today: int
) -> list[Registry]:
    n = len(people)
    has_new = ~draft.business["right"] & draft.form["right"]
    has_parent = ~draft.business["right"] & draft.form["ecommerce"]
    has_code = adult & ~has_parent & streams.hits("registry.individual", n, rules.individuals)
    converted = has_code & streams.hits("registry.converted", n, rules.converted)
    old_kept = converted & streams.hits("registry.old_individual", n, rules.old_code_kept)
    status = np.array([0, 10, 1, 3, 6])[streams.pick("registry.individual_status", n, rules.individual_statuses)]
    none, merged = np.full(n, NEVER), np.full(n, NEW_CODES_FROM + 60)
    old_began = np.minimum(draft.began, NEW_CODES_FROM - 30)
    plan = (
        (
            converted & ~has_new,
            people.personal_id,
            PERSONAL_ID_WIDTH,
            0,
            INDIVIDUAL,
            0,
            np.full(n, NEW_CODES_FROM),
            none,
        ),
        (old_kept, draft.second, TAX_CODE_WIDTH, 0, INDIVIDUAL, 1, old_began, merged),
        (has_code & ~converted, draft.second, TAX_CODE_WIDTH, 0, INDIVIDUAL, status, old_began, none),
    )
    return [_planned(*step) for step in plan]


def _organisation_rows(
    streams: Streams, companies: Organisations, rules: RegistrySettings, today: int
) -> list[Registry]:
    n = len(companies)
    status = np.array([0, 2, 1, 3, 5, 6, 7, 9])[streams.pick("registry.company_status", n, rules.organisation_statuses)]
    began = streams.integers("registry.company_began", n, today - 15 * 365, today - 200)
    closed = _closings(streams, "company", status, began, today)
    branches = np.flatnonzero(streams.hits("registry.company_branch", n, rules.organisation_branches))
    return [
        _firm_rows(companies, index, branch, status, began, closed)
        for branch, index in ((0, np.arange(n)), (1, branches))
    ]


def _firm_rows(companies: Organisations, index: Ints, branch: int, status: Ints, began: Ints, closed: Ints) -> Registry:
    rows = _rows(
        index,
        companies.tax_code[index],
        TAX_CODE_WIDTH,
        branch,
        ORGANISATION,
        status[index],
        began[index],
        closed[index],
    )
    return replace(rows, person=rows.organisation, organisation=index)


def _supplier_rows(streams: Streams, foreigners: Foreigners, today: int) -> Registry:
    index = np.flatnonzero(foreigners.tax_code > 0)
    began = streams.integers("registry.supplier_began", len(index), today - 1200, today - 100)
    status = np.where(foreigners.active[index] > 0, 0, 1)
    closed = np.where(status > 0, today - 60, NEVER)
    rows = _rows(index, foreigners.tax_code[index], TAX_CODE_WIDTH, 0, FOREIGN_SUPPLIER, status, began, closed)
    return replace(rows, person=rows.organisation, foreigner=index)


def _with_every_status(registry: Registry, party: Ints) -> Registry:
    """The registry with every status of the law in it, also where the country is too small for the rare ones."""
    status = registry.status.copy()
    missing = np.setdiff1d(np.arange(11), status)
    free = (
        (party == NOBODY)
        & (registry.type == HOUSEHOLD_BUSINESS)
        & (registry.width == TAX_CODE_WIDTH)
        & (registry.branch == 0)
    )
    places = np.flatnonzero(free)[: len(missing)]
    status[places] = missing[: len(places)]
    return replace(registry, status=status)


def best_rows(registry: Registry, owner: Ints, owners: int) -> Ints:
    """Row that names each owner: the smallest active business code, else stopped, else other business, else any."""
    business = registry.is_business()
    active, stopped = np.isin(registry.status, ACTIVE_STATUSES), np.isin(registry.status, STOPPED_STATUSES)
    rank = np.where(~business, 3, np.where(active, 0, np.where(stopped, 1, 2)))
    index = np.flatnonzero(owner >= 0)
    text = np.array(registry.codes().take(index).to_pylist(), dtype="U14")
    order = np.lexsort((text, rank[index], owner[index]))
    return _first_sorted(index[order], owner, owners)


def _first_sorted(index: Ints, owner: Ints, owners: int) -> Ints:
    first = np.full(owners, NOBODY)
    first[owner[index[::-1]]] = index[::-1]
    return first
