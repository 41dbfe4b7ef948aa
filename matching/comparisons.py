"""The comparisons of the match model: what is compared, its levels in words, and their probabilities to start from.

A record (shop, taxpayer, account, SIM) is compared with a subject (resident, organisation). Each comparison yields a
*level* and the *u probability* of that level: how often it occurs when the subject has nothing to do with the record.
The m probability, how often it occurs when the subject is the record's party, is estimated from the data
(`model.estimate`) from the starting values here.

Three classes of parties are told apart in m, because evidence fails together: the *open*, who give their own data; the
*helped*, whose household's accounts and numbers stand in for theirs; and the *hiding*, who give others' data on every
path at once. What a record lacks says nothing of its class: a platform that never asks for a birth date makes nobody a
hider.

*Relations* (declared id, tax code, payout account, SIM, contact phone, sister shop) lead to a person: to the party
oneself, to its household, or to another. "Another" is compared with nobody: it stands for the stranger behind a
borrowed id or a hired account.

A *lent identity* is a declared id that comes with its holder's birth date, and maybe name: where the party is another,
these agree with the holder's by no chance, and say nothing of the party.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class Level:
    """One outcome of a comparison.

    Attributes:
        name: stable name.
        text: Vietnamese words for it in an explanation.
        m: starting m probability for open and for hiding parties (relative: a comparison's levels are normalised); the
            helped start as the open, but for what `HELP` says.
        of_record: the level is a property of the record alone (a missing value), equal for every candidate.
    """

    name: str
    text: str
    m: tuple[float, float]
    of_record: bool = False


@dataclass(frozen=True)
class Comparison:
    """A field or relation that is compared.

    Attributes:
        name: stable name; pairs carry its level in `g_<name>` and its u probability in `u_<name>`.
        text: Vietnamese name.
        levels: outcomes; a level's code is its place.
        unseen: groups of levels that a party which is no candidate may show; the code of group i is len(levels) +
            i. A record whose value leads somewhere shows one of a group, but nobody knows which.
        known: the m probabilities are no starting values: they are known, whatever the data say.
    """

    name: str
    text: str
    levels: tuple[Level, ...]
    unseen: tuple[tuple[str, ...], ...] = field(default=())
    known: bool = False

    def code(self, level: str) -> int:
        """Code of a level by name."""
        return next(i for i, candidate in enumerate(self.levels) if candidate.name == level)

    def unseen_code(self, group: int = 0) -> int:
        """Code of a group of levels that can't be told apart."""
        return len(self.levels) + group


def _relation(
    name: str, text: str, m_self: tuple[float, float], *extra: Level, unseen: tuple[tuple[str, ...], ...] = ()
) -> Comparison:
    """A relation whose holder is known, with the levels every relation has; `extra` levels and `unseen` groups."""
    levels = (
        Level("self", f"{text}: của chính người này", m_self),
        Level("household", f"{text}: của người cùng hộ", (0.06, 0.15)),
        Level("other", f"{text}: của người khác", (0.06, 0.35)),
        Level("unknown", f"{text}: không rõ chủ", (0.05, 0.10), of_record=True),
        Level("missing", f"{text}: không có", (0.25, 0.35), of_record=True),
        *extra,
    )
    return Comparison(name, text, levels, unseen=(("household", "other"), *unseen))


NAME = Comparison(
    "name",
    "Họ tên",
    (
        Level("exact_accent", "trùng cả dấu", (0.40, 0.10)),
        Level("exact", "trùng khi bỏ dấu", (0.30, 0.10)),
        Level("accent_differs", "trùng chữ, khác dấu", (0.01, 0.01)),
        Level("reordered", "trùng, đảo thứ tự", (0.03, 0.02)),
        Level("subset", "trùng họ và tên, thiếu tên đệm", (0.05, 0.04)),
        Level("initials", "viết tắt phù hợp", (0.03, 0.03)),
        Level("typo", "lệch một hai ký tự", (0.03, 0.02)),
        Level("partial", "trùng họ và tên, khác tên đệm", (0.005, 0.01)),
        Level("given", "chỉ trùng tên gọi", (0.01, 0.03)),
        Level("household", "khác hẳn, là tên của một người cùng hộ", (0.001, 0.005)),
        Level("different", "khác hẳn", (0.015, 0.15)),
        Level("brand_given", "tên hiệu có tên gọi", (0.01, 0.03)),
        Level("contact", "tên một người, không phải tên tổ chức", (0.01, 0.01)),
        Level("brand", "tên hiệu, không phải tên người", (0.08, 0.35), of_record=True),
        Level("missing", "không có", (0.01, 0.12), of_record=True),
    ),
    unseen=(
        (
            *("exact_accent", "exact", "accent_differs", "reordered", "subset", "initials"),
            *("typo", "partial", "given", "household", "different", "contact"),
        ),
        ("brand_given", "brand"),
    ),
)
BIRTH = Comparison(
    "birth",
    "Ngày sinh",
    (
        Level("day", "trùng ngày tháng năm", (0.60, 0.40)),
        Level("swapped", "đảo ngày và tháng", (0.01, 0.01)),
        Level("close", "lệch một phần", (0.015, 0.015)),
        Level("year", "chỉ biết năm, trùng năm", (0.03, 0.03)),
        Level("different", "khác", (0.015, 0.04)),
        Level("missing", "không có", (0.33, 0.50), of_record=True),
    ),
    unseen=(("day", "swapped", "close", "year", "different"),),
)
PROVINCE = Comparison(
    "province",
    "Tỉnh, thành",
    (
        Level("agree", "trùng", (0.70, 0.50)),
        Level("different", "khác", (0.15, 0.20)),
        Level("missing", "không có", (0.15, 0.30), of_record=True),
    ),
    unseen=(("agree", "different"),),
)
ADDRESS = Comparison(
    "address",
    "Địa chỉ",
    (
        Level("house", "trùng số nhà và đường", (0.35, 0.15)),
        Level("same", "trùng tổ, thôn và xã", (0.05, 0.02)),
        Level("similar", "gần giống", (0.05, 0.03)),
        Level("different", "khác", (0.25, 0.30)),
        Level("missing", "không có", (0.30, 0.50), of_record=True),
    ),
    unseen=(("house", "same", "similar", "different"),),
)
KIND = Comparison(
    "kind",
    "Loại người bán",
    (
        Level("agree", "phù hợp", (0.80, 0.60)),
        Level("different", "không phù hợp", (0.01, 0.03)),
        Level("missing", "không có", (0.19, 0.37), of_record=True),
    ),
    unseen=(("agree", "different"),),
)
ALIVE = Comparison(
    "alive",
    "Tình trạng",
    (
        Level("alive", "còn sống", (0.995, 0.98)),
        Level("deceased", "đã mất", (0.005, 0.02)),
    ),
    unseen=(("alive", "deceased"),),
)
# Papers, numbers and accounts may be the dead's, but the dead do not trade: somebody uses their identity, or is taken
# for dead by mistake (one trader in a million, a guess). From the data it would be learnt that the dead trade.
TRADING = replace(
    ALIVE,
    levels=tuple(replace(each, m=(m, m)) for each, m in zip(ALIVE.levels, (1 - 1e-6, 1e-6), strict=True)),
    known=True,
)
ID = _relation(
    "id",
    "Số định danh",
    (0.60, 0.15),
    Level("near", "Số định danh: lệch một chữ số hoặc đảo hai chữ số kề nhau", (0.02, 0.01)),
    Level("masked_agrees", "Số định danh bị che: phần hiện phù hợp", (0.05, 0.05)),
    Level("masked_differs", "Số định danh bị che: phần hiện không phù hợp", (0.002, 0.01)),
    unseen=(("masked_agrees", "masked_differs"),),
)
CODE = _relation(
    "code",
    "Mã số thuế",
    (0.30, 0.05),
    Level("organisation", "Mã số thuế: của một tổ chức", (0.005, 0.01)),
    unseen=(("organisation",),),
)
ACCOUNT = Comparison(
    "account",
    "Tài khoản nhận tiền",
    (
        Level("self", "Tài khoản nhận tiền: của chính người này", (0.50, 0.15)),
        Level("household", "Tài khoản nhận tiền: của người cùng hộ", (0.08, 0.15)),
        Level("other", "Tài khoản nhận tiền: của người khác", (0.04, 0.20)),
        Level("unknown", "Tài khoản nhận tiền: không rõ chủ", (0.05, 0.10), of_record=True),
        Level("missing", "Tài khoản nhận tiền: không có", (0.25, 0.25), of_record=True),
        Level("shared_self", "Tài khoản nhận tiền, nhiều gian hàng dùng: của chính người này", (0.02, 0.01)),
        Level("shared_household", "Tài khoản nhận tiền, nhiều gian hàng dùng: của người cùng hộ", (0.005, 0.01)),
        Level("shared_other", "Tài khoản nhận tiền, nhiều gian hàng dùng: của người khác", (0.02, 0.15)),
    ),
    unseen=(("household", "other"), ("shared_household", "shared_other")),
)
SIM = _relation("sim", "Số điện thoại", (0.50, 0.15))
SIM_NOW = _relation("sim_now", "Chủ hiện nay của số điện thoại", (0.05, 0.05))
CONTACT = _relation("contact", "Số liên lạc ở ngân hàng, thuế", (0.10, 0.05))
EMAIL = _relation("email", "Thư điện tử ở cơ quan thuế", (0.10, 0.05))
SISTER = _relation("sister", "Gian hàng chung số, tài khoản hoặc giấy tờ", (2.0, 1.5))

MASKED_PHONE = Comparison(
    "masked_phone",
    "Số điện thoại bị che",
    (
        Level("self", "phần hiện phù hợp với số của chính người này", (0.08, 0.04)),
        Level("household", "phần hiện phù hợp với số của người cùng hộ", (0.01, 0.02)),
        Level("other", "phần hiện phù hợp với số của người khác", (0.005, 0.03)),
        Level("differs", "phần hiện khác mọi số đã biết", (0.025, 0.03)),
        Level("missing", "không có", (0.88, 0.88), of_record=True),
    ),
    unseen=(("household", "other"), ("self", "household", "differs")),
)

RELATIONS = (ID, CODE, ACCOUNT, SIM, SIM_NOW, CONTACT, EMAIL, SISTER)

# Through these a household helps: who starts as helped has this share of what is its own or its household's from others
# of the household.
HELPERS = (ACCOUNT, SIM, SIM_NOW, MASKED_PHONE, CONTACT, EMAIL)
HELP = 0.6

CLASSES = ("open", "helped", "hiding")

_SHOP_PATHS = (ID, CODE, NAME, BIRTH, ACCOUNT, SIM, SIM_NOW, MASKED_PHONE, CONTACT, EMAIL)
_SHOP_FIELDS = (PROVINCE, ADDRESS, KIND, TRADING)

# What comes with a lent identity, and the models that know of one: who sells may lend a name, who signs for a SIM or an
# account is its holder.
LENT = (NAME, BIRTH)
LENT_IDENTITY = Comparison(
    "lent_identity",
    "Danh tính",
    (Level("lent", "ngày sinh, có khi cả họ tên, khai theo số định danh mượn của người khác", (1, 1)),),
)
LENDING = frozenset({"shop", "shop_with_sisters"})

# Which comparisons a kind of record has; the order is that of the explanation.
MODELS: dict[str, tuple[Comparison, ...]] = {
    "sim": (ID, NAME, BIRTH, ALIVE),
    "account": (ID, CODE, NAME, SIM, KIND, ALIVE),
    "taxpayer": (ID, NAME, BIRTH, SIM, PROVINCE, ADDRESS, ALIVE),
    "shop": (*_SHOP_PATHS, *_SHOP_FIELDS),
    "shop_with_sisters": (*_SHOP_PATHS, SISTER, *_SHOP_FIELDS),
}


def relations_of(model: str) -> tuple[Comparison, ...]:
    """The relations among the comparisons of a model."""
    return tuple(comparison for comparison in MODELS[model] if comparison in RELATIONS)
