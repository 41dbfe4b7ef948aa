"""Why a party is flagged: the reasons of contract §3, each with its condition, its detail and its probability."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from pyspark.sql import Column
from pyspark.sql import functions as F

from jobs import identity
from jobs.law import YearLaw, by_year
from jobs.parties import CODE, FOREIGN, ORGANISATION, RESIDENT, UNRESOLVED


class Reason(StrEnum):
    """A reason; its value is its name in the tables."""

    UNREGISTERED = "UNREGISTERED"
    STOPPED_BUT_SELLING = "STOPPED_BUT_SELLING"
    UNDER_DECLARED = "UNDER_DECLARED"
    BORROWED_IDENTITY = "BORROWED_IDENTITY"
    INVALID_IDENTITY = "INVALID_IDENTITY"
    UNRESOLVED_HIGH_REVENUE = "UNRESOLVED_HIGH_REVENUE"
    FOREIGN_UNREGISTERED = "FOREIGN_UNREGISTERED"
    SPLIT_SHOPS = "SPLIT_SHOPS"


# What the evidence of a reason rests on beside the shops, their sales and the population database. Where such a source
# never came, the reason is not judged; `BORROWED_IDENTITY` alone can do without its accounts.
SOURCES: dict[Reason, frozenset[str]] = {
    Reason.UNREGISTERED: frozenset({"taxpayers"}),
    Reason.STOPPED_BUT_SELLING: frozenset({"taxpayers"}),
    Reason.UNDER_DECLARED: frozenset({"taxpayers", "declarations"}),
    Reason.BORROWED_IDENTITY: frozenset({"bank_accounts"}),
    Reason.INVALID_IDENTITY: frozenset(),
    Reason.UNRESOLVED_HIGH_REVENUE: frozenset(),
    Reason.FOREIGN_UNREGISTERED: frozenset({"taxpayers"}),
}
BASE_SOURCES = frozenset({"sellers", "seller_sales", "residents"})

# The link of a shop rests on the source of the evidence that carries it.
LINK_SOURCES = {"bank": "bank_accounts", "phone": "telecom_subscribers", "tax_code": "taxpayers"}


@dataclass(frozen=True)
class Finding:
    """What a reason says of a party and tax year, as Columns of a row of facts.

    Attributes:
        reason: which.
        holds: whether it holds.
        detail: which kind.
        any_revenue: whether it asks for any revenue instead of revenue above the threshold.
        probability: match probability of the case; null where none can be given.
        last: whether the case goes to the end of the queue whatever its tax.
    """

    reason: Reason
    holds: Column
    detail: Column
    any_revenue: Column
    probability: Column
    last: Column


def judged_reasons(present: frozenset[str]) -> tuple[Reason, ...]:
    """The reasons that can be judged with the sources that ever came; the others open and resolve nothing."""
    return tuple(r for r, needed in SOURCES.items() if r is Reason.BORROWED_IDENTITY or needed <= present)


def findings(laws: Sequence[YearLaw], present: frozenset[str], under_declared_share: float) -> Column:
    """The reasons that hold, in the contract's order.

    Columns in (the facts): those of `parties.describe`, and declared_due_vnd, found (map of `identity.by_party`),
    supplier_active, supplier_status.

    Returns:
        Array of structs: reason, detail, threshold_vnd, legal_basis, probability, last.
    """
    made: dict[Reason, Callable[[], Finding]] = {
        Reason.UNREGISTERED: _unregistered,
        Reason.STOPPED_BUT_SELLING: _stopped,
        Reason.UNDER_DECLARED: lambda: _under_declared(under_declared_share),
        Reason.BORROWED_IDENTITY: _borrowed,
        Reason.INVALID_IDENTITY: _invalid,
        Reason.UNRESOLVED_HIGH_REVENUE: _unresolved,
        Reason.FOREIGN_UNREGISTERED: _foreign,
    }
    return F.array_compact(F.array(*(_held(made[reason](), laws) for reason in judged_reasons(present))))


def split_shops() -> Column:
    """Whether revenue is above the threshold while each of two or more shops is not. Columns in: the facts."""
    return F.col("above") & (F.col("shop_count") >= 2) & (F.col("largest_shop_vnd") <= F.col("threshold_vnd"))


def _held(finding: Finding, laws: Sequence[YearLaw]) -> Column:
    # No law sets organisations a threshold.
    basis = F.when(F.col("kind") != ORGANISATION, by_year(laws, lambda law: law.threshold_basis))
    duty = _duty(finding, laws)
    return F.when(
        finding.holds,
        F.struct(
            F.lit(str(finding.reason)).alias("reason"),
            finding.detail.alias("detail"),
            F.when(~finding.any_revenue, F.col("threshold_vnd")).alias("threshold_vnd"),
            F.when(finding.any_revenue, duty).otherwise(F.concat_ws("; ", basis, duty)).alias("legal_basis"),
            finding.probability.cast("double").alias("probability"),
            finding.last.alias("last"),
        ),
    )


def _duty(finding: Finding, laws: Sequence[YearLaw]) -> Column:
    """Document and article of the duty: an organisation's own, else that of the detail, else the reason's."""
    applied = {to for law in laws for reason, to in law.duties if reason == finding.reason}

    def said(to: str) -> Column:
        """What the law says of whatever the duty applies to."""
        return by_year(laws, lambda law: law.duties.get((finding.reason, to)))

    details = [F.when(finding.detail == to, said(to)) for to in sorted(applied - {"", ORGANISATION})]
    own = F.when(F.col("kind") == ORGANISATION, said(ORGANISATION))
    return F.coalesce(own, *details, said(""))


def _above(reason: Reason, holds: Column, detail: Column, probability: Column, last: Column | None = None) -> Finding:
    no = F.lit(False)
    return Finding(reason, F.col("above") & holds, detail, no, probability, no if last is None else last)


def _unregistered() -> Finding:
    """A resident without any own registration for business, of whatever status; one held in review counts as own."""
    holds = (F.col("kind") == RESIDENT) & ~F.col("has_business") & ~F.col("has_held")
    detail = (
        F.when(F.col("uncovered_rows") == 0, "fully_withheld")
        .when(F.col("has_code"), "individual_code_only")
        .otherwise("no_tax_code")
    )
    return _above(Reason.UNREGISTERED, holds, detail, F.col("p_above"))


def _stopped() -> Finding:
    """A party with no active own registration and at least one stopped; an organisation: any revenue above 0."""
    is_organisation = F.col("kind") == ORGANISATION
    stopped = _known_party() & ~F.col("has_active") & F.col("has_stopped")
    enough = F.when(is_organisation, F.col("revenue_vnd") > 0).otherwise(F.col("above"))
    passed = F.when(is_organisation, F.col("p_any")).otherwise(F.col("p_above"))
    return Finding(
        Reason.STOPPED_BUT_SELLING,
        stopped & enough,
        F.concat(F.lit("status_"), F.col("shown.status")),
        is_organisation,
        passed * F.col("p_stopped"),
        F.lit(False),
    )


def _under_declared(share: float) -> Finding:
    """Actively registered, and declared for the quarters that are due less than a share of the platforms' revenue."""
    compared = F.when(F.col("kind") == ORGANISATION, F.col("due_vnd")).otherwise(F.col("due_untaxed_vnd"))
    # Of nothing there is no share, and of returns alone (a negative sum) neither.
    below = (compared > 0) & (F.col("declared_due_vnd") < compared * F.lit(Decimal(str(share))))
    detail = F.when(F.col("declared_due_vnd") == 0, "no_declaration").otherwise("below_share")
    holds = _known_party() & F.col("has_active") & below
    return _above(Reason.UNDER_DECLARED, holds, detail, F.col("p_above") * F.col("p_active"))


def _borrowed() -> Finding:
    """A resident's shop declares another's id, or is paid into another's account."""
    order = (identity.ID, identity.ACCOUNT_OTHER, identity.ACCOUNT_HOUSEHOLD, identity.ID_MISTYPED)
    detail = _first_found(order)
    return _above(
        Reason.BORROWED_IDENTITY,
        (F.col("kind") == RESIDENT) & detail.isNotNull(),
        detail,
        F.col("p_above") * F.try_element_at(F.col("found"), detail),
        last=detail == identity.ID_MISTYPED,
    )


def _invalid() -> Finding:
    """A resident's shop declares a deceased person's id, or one that no one has and that is no slip of the own."""
    detail = _first_found((identity.DECEASED, identity.NOT_FOUND))
    holds = (F.col("kind") == RESIDENT) & detail.isNotNull()
    return _above(Reason.INVALID_IDENTITY, holds, detail, F.col("p_above"))


def _unresolved() -> Finding:
    """A Vietnamese shop without a link: none, or review."""
    detail = F.when(F.col("in_review"), "review").otherwise("none")
    return _above(Reason.UNRESOLVED_HIGH_REVENUE, F.col("kind") == UNRESOLVED, detail, F.lit(None))


def _foreign() -> Finding:
    """A shop abroad with any revenue, and no active foreign supplier with its declared tax code or id."""
    inactive = F.concat(F.lit("status_"), F.col("supplier_status"))
    unregistered = ~F.col("supplier_active") & (F.col("revenue_vnd") > 0)
    return Finding(
        Reason.FOREIGN_UNREGISTERED,
        (F.col("kind") == FOREIGN) & unregistered,
        F.coalesce(inactive, F.lit("not_registered")),
        F.lit(True),
        F.lit(1.0),
        F.lit(False),
    )


def _known_party() -> Column:
    return F.col("kind").isin(RESIDENT, CODE, ORGANISATION)


def _first_found(order: Sequence[str]) -> Column:
    return F.coalesce(*(F.when(F.map_contains_key("found", name), F.lit(name)) for name in order))
