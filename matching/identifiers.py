"""Identifiers of people and taxpayers: personal id, CMND, tax code, passport, masked ids, bank account; grades."""

from functools import reduce
from operator import add

from pyspark.sql import Column
from pyspark.sql import functions as F

from matching import tables
from matching.expressions import bind, empty_to_null, extracted, literals

_SEPARATORS = "[.,]0$|[\\s\\u00a0\\u200b-\\u200d\\ufeff.,\\-–—_'\"/]"
_MASK = "[*•#…xX]"
# Runs of them in one identifier, at most: Java calls itself once a run. Each is taken whole (possessive): a run of
# sixty may be taken apart in more ways than there is time for.
_MASKS = 8
_MASKED_PARTS = f"(?:{_MASK}{{2,}}+[0-9]*+){{1,{_MASKS}}}+$"
# Most identifiers stand as they do on the card, and need no closer look.
_TWELVE, _TEN, _NINE = (f"^[0-9]{{{length}}}\\z" for length in (12, 10, 9))
_PLAIN_ACCOUNT = "^[0-9A-Z]+\\z"
_TAX_WEIGHTS = (31, 29, 23, 19, 17, 13, 7, 5, 3)


def personal_id(c: Column) -> Column:
    """Personal id (số định danh cá nhân) as 12 digits, separators removed; null for anything else.

    Leading zeros that a spreadsheet lost (one, or two for the codes 001 to 008) come back where the result has the
    structure of a personal id.
    """
    zeros_lost = f"0(?={_structure()}$)|(?={_structure()}$)"
    found = extracted(F.concat(F.lit("00"), _bare(c)), f"^(?:00(?=[0-9]{{12}}$)|{zeros_lost})([0-9]{{12}})$")
    return F.when(c.rlike(_TWELVE), c).otherwise(found)


def personal_id_grade(c: Column) -> Column:
    """`ok`, `suspicious` or `invalid` of a personal id; null if none is given.

    Suspicious: the province code is none of the 63 (births abroad have codes of their own, so it is no error), or the
    century digit is impossible (born after 2099). Source: Decree 137/2015/ND-CP art. 13, no longer a guarantee since
    1 July 2024. Invalid: not 12 digits.
    """
    personal = personal_id(c)
    fits = personal.rlike(f"^{_structure()}$")
    return F.when(fits, "ok").when(personal.isNotNull(), "suspicious").when(_given(c), "invalid")


def cmnd(c: Column) -> Column:
    """CMND as 9 digits; 8 digits have lost their leading zero; null for anything else."""
    return F.when(c.rlike(_NINE), c).otherwise(F.lpad(extracted(_bare(c), "^([0-9]{8,9})$"), 9, "0"))


def passport(c: Column) -> Column:
    """Passport number, upper case without separators: 6 to 9 letters and digits, at least one of each; else null."""
    return extracted(F.upper(_bare(c)), "^((?=.*[A-Z])(?=.*[0-9])[A-Z0-9]{6,9})$")


def kind(c: Column) -> Column:
    """Kind of what stands in an id column: `personal_id`, `cmnd`, `masked`, `passport`, `tax_code`, `other`.

    Shape decides only where the column's meaning leaves it open: ten digits are a tax code if the check digit fits.
    """
    found = (
        F.when(c.rlike(_TWELVE), "personal_id")
        .when(c.rlike(_NINE), "cmnd")
        .when(_masked(c), "masked")
        .when(cmnd(c).isNotNull(), "cmnd")
        .when(
            tax_code(c).rlike("^[0-9]{10}(?:-|$)") & (_bare(c).rlike("^[0-9]{13}$") | (tax_code_grade(c) == "ok")),
            "tax_code",
        )
        .when(personal_id(c).isNotNull(), "personal_id")
        .when(passport(c).isNotNull(), "passport")
        .otherwise("other")
    )
    return F.when(_given(c), found)


def mask_prefix(c: Column) -> Column:
    """Digits that a masked id shows before the mask (`0790******12`: `0790`); null if not masked or none are shown."""
    return extracted(_bare(c), f"^([0-9]++){_MASKED_PARTS}")


def mask_suffix(c: Column) -> Column:
    """Digits that a masked id shows after the mask (`0790******12`: `12`); null if not masked or none are shown."""
    return extracted(_bare(c), f"^[0-9]*+(?:{_MASK}{{2,}}+[0-9]++){{0,{_MASKS - 1}}}{_MASK}++([0-9]++)$")


def tax_code(c: Column) -> Column:
    """Tax code in its canonical form: 10 digits, 10 digits `-` 3 digits, or 12 digits (personal id); else null.

    A lost hyphen comes back (13 digits), a lost leading zero too if the check digit then fits (9 digits, 12 digits).
    Twelve digits are first of all a personal id: only if they have not its structure may they be a 13-digit code that
    lost its zero.
    """
    canonical = bind(F.regexp_replace(_bare(c), "^(?i:MST|TAX)[:]?", ""), _canonical_tax_code)
    return F.when(c.rlike(_TEN), c).otherwise(canonical)


def tax_code_grade(c: Column) -> Column:
    """`ok`, `suspicious` or `invalid` of a tax code; null if none is given.

    Ten and thirteen digits: the check digit decides, serial 0000000 and branch 000 are never issued. Source: Circular
    105/2020/TT-BTC art. 5. Twelve digits: as `personal_id_grade`.
    """
    grade = bind(
        tax_code(c),
        lambda t: (
            F.when(t.isNull(), "invalid")
            .when(F.length(t) == 12, personal_id_grade(t))
            .when(_check_digit_fits(t) & ~t.rlike("^..0000000|-000$"), "ok")
            .otherwise("invalid")
        ),
    )
    return F.when(_given(c), grade)


def tax_code_root(c: Column) -> Column:
    """Code of the taxpayer behind a branch or `-888` code, of a canonical one (DOMAIN.md §2.3).

    The first ten digits; a 12-digit code is its own root.
    """
    return F.substring_index(c, "-", 1)


def account_number(c: Column) -> Column:
    """Bank account number: upper-case letters and digits only; null if nothing is left."""
    cleaned = empty_to_null(F.regexp_replace(F.upper(c), "[^A-Z0-9]", ""))
    return F.when(c.rlike(_PLAIN_ACCOUNT), c).otherwise(cleaned)


def one_edit_variants(c: Column) -> Column:
    """Array of all texts of digits that differ from `c` by one digit or two neighbours swapped; not `c` itself."""
    digits = literals("0123456789")
    positions = F.sequence(F.lit(1), F.length(c))
    substituted = F.flatten(
        F.transform(positions, lambda at: F.transform(digits, lambda digit: F.overlay(c, digit, at)))
    )
    swapped = F.transform(positions, lambda at: _neighbours_swapped(c, at))
    return F.filter(F.concat(substituted, swapped), lambda variant: variant != c)


def is_one_edit(left: Column, right: Column) -> Column:
    """True if two texts of equal length differ by one character or by two neighbours swapped."""
    distance = F.levenshtein(left, right, 2)
    swap = F.exists(F.sequence(F.lit(1), F.length(left)), lambda at: _neighbours_swapped(left, at) == right)
    return (F.length(left) == F.length(right)) & F.when(distance == 2, swap).otherwise(distance == 1)


def is_slip(left: Column, right: Column) -> Column:
    """True if two numbers are one slip of the hand apart: one edit, or a digit lost or doubled."""
    return F.when(F.length(left) == F.length(right), is_one_edit(left, right)).otherwise(
        F.levenshtein(left, right) <= 1
    )


def _bare(c: Column) -> Column:
    """The text without separators and without the `.0` that a spreadsheet appends."""
    return F.regexp_replace(c, _SEPARATORS, "")


def _given(c: Column) -> Column:
    """True if there is anything but blanks."""
    return F.trim(c) != ""


def _masked(c: Column) -> Column:
    """True if runs of mask characters stand among digits; a passport's letters may come before them."""
    return _bare(c).rlike(f"^(?=.*[0-9])[A-Za-z]{{0,2}}[0-9]*+{_MASKED_PARTS}")


def _province_codes() -> str:
    """Pattern of the 63 province codes."""
    return tables.alternation(tables.values("provinces", "old_code3"))


def _structure() -> str:
    """Pattern of the twelve digits of a personal id of someone born in the 20th or 21st century."""
    return f"{_province_codes()}[0-3][0-9]{{8}}"


def _canonical_tax_code(bare: Column) -> Column:
    """Canonical tax code of a text without separators; see `tax_code`."""
    zero_back = F.concat(F.lit("0"), bare)
    branch = F.regexp_replace(bare, "^([0-9]{10})([0-9]{3})$", "$1-$2")
    branch_zero_back = F.regexp_replace(zero_back, "^([0-9]{10})([0-9]{3})$", "$1-$2")
    structured = bare.rlike(f"^{_structure()}$")
    return (
        F.when(bare.rlike("^[0-9]{10}$"), bare)
        .when(bare.rlike("^[0-9]{13}$"), branch)
        .when(bare.rlike("^[0-9]{9}$") & _check_digit_fits(zero_back), zero_back)
        .when(bare.rlike("^[0-9]{12}$") & ~structured & _check_digit_fits(zero_back), branch_zero_back)
        .when(bare.rlike("^[0-9]{12}$"), bare)
        .when(bare.rlike("^[0-9]{11}$") & zero_back.rlike(f"^{_structure()}$"), zero_back)
    )


def _check_digit_fits(code: Column) -> Column:
    """True if the tenth digit is the check digit of the nine before it: N10 = 10 - (sum of w·N mod 11)."""
    digits = [F.ascii(F.substring(code, at, 1)) - 48 for at in range(1, 11)]
    total = reduce(add, (digit * weight for weight, digit in zip(_TAX_WEIGHTS, digits, strict=False)))
    return digits[9] == 10 - total % 11


def _neighbours_swapped(c: Column, at: Column) -> Column:
    """The text with the characters at positions `at` and `at + 1` (from 1) swapped; unchanged at the last position."""
    return F.concat(
        F.substring(c, F.lit(1), at - 1),
        F.substring(c, at + 1, F.lit(1)),
        F.substring(c, at, F.lit(1)),
        F.substring(c, at + 2, F.length(c)),
    )
