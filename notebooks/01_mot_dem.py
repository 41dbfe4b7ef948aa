# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Một đêm, từng bảng một
#
# Sổ tay cho người mới: đi qua các bảng mà một đêm để lại trong kho, theo thứ tự của đêm. Không cần Java hay
# Spark: các bảng là Delta, đọc bằng `deltalake`. Chỉ đọc, không ghi gì vào kho.
#
# Kho nằm ở biến môi trường `CT18_WAREHOUSE`; không đặt thì là kho mới nhất mà `make run` để lại, trong `build/`.
#
# `.venv/bin/jupytext --to notebook --execute notebooks/01_mot_dem.py` chạy từ trên xuống và ghi một tệp `.ipynb`,
# mở bằng Jupyter nào cũng được.

# %%
import os
from pathlib import Path

import altair as alt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable

# Hình tĩnh: sổ tay mở được khi không có mạng.
alt.renderers.enable("svg")
# Sổ tay chạy ở thư mục gốc hay ở notebooks/ đều được.
BUILT = [path for root in (".", "..") for path in Path(root).glob("build/country-*/warehouse")]
WAREHOUSE = os.environ.get("CT18_WAREHOUSE") or str(max(BUILT, key=lambda path: path.stat().st_mtime, default="build"))

# %% [markdown]
# ## 1. Đêm nào? `ops/runs`
#
# Mỗi lượt chạy một dòng. Trong lúc một lượt đang chạy, bản mới nhất của các bảng có thể đi trước; **trạng thái
# của một đêm là các phiên bản ghi trong dòng hoàn thành cuối cùng** (`succeeded` hoặc `degraded`). Mọi bảng
# dưới đây đều đọc đúng phiên bản đó.

# %%
runs = DeltaTable(f"{WAREHOUSE}/ops/runs").to_pyarrow_table()
finished = runs.filter(pc.is_in(runs["status"], pa.array(["succeeded", "degraded"]))).sort_by(
    [("business_date", "ascending"), ("ended_at", "ascending")]
)
run = finished.slice(finished.num_rows - 1).to_pylist()[0]
versions = dict(run["versions"]["tables"])
night = run["business_date"]
took = (run["ended_at"] - run["started_at"]).total_seconds()
print(f"Đêm {night}: {run['status']}, {len(versions)} bảng, {took:.0f} giây")


# %%
def read(table: str, columns: list[str] | None = None) -> pa.Table:
    """Một bảng của đêm; chỉ lấy các cột cần, vì bảng thật có hàng chục triệu dòng."""
    return DeltaTable(f"{WAREHOUSE}/{table}", version=versions[table]).to_pyarrow_dataset().to_table(columns=columns)


def counted(table: str, by: list[str], **sums: str) -> pd.DataFrame:
    """Đếm dòng (và cộng các cột) theo nhóm, ngay trên Arrow: chỉ bảng tổng hợp nhỏ vào pandas."""
    content = read(table, [*by, *sums.values()])
    # Cộng bằng số thực: tổng tiền của cả nước có thể vượt 64 bit.
    for column in sums.values():
        place = content.schema.get_field_index(column)
        content = content.set_column(place, column, content[column].cast(pa.float64(), safe=False))
    grouped = content.group_by(by).aggregate([([], "count_all"), *((column, "sum") for column in sums.values())])
    names = {"count_all": "rows", **{f"{column}_sum": name for name, column in sums.items()}}
    return grouped.to_pandas().rename(columns=names).sort_values("rows", ascending=False, ignore_index=True)


def masked(value: str | None) -> str | None:
    """Giấy tờ và mã số: chỉ bốn ký tự cuối."""
    return None if value is None else f"****{value[-4:]}"


# %% [markdown]
# Các khâu của đêm, và mỗi khâu mất bao lâu:

# %%
stages = pd.DataFrame(run["stages"])
alt.Chart(stages, title="Thời gian từng khâu (giây)", width=520).mark_bar().encode(
    x=alt.X("seconds:Q", title=None), y=alt.Y("name:N", sort=None, title=None), tooltip=["rows_in", "rows_out"]
)

# %% [markdown]
# Các nguồn: cái gì đã đến, cái gì bị từ chối (`refused`), giữ lại (`held`), vắng (`absent`) hay không qua cổng
# (`gate_failed`). Dòng đến = dòng giữ + dòng cách ly. `picture_as_of` là ngày của bức tranh mà đêm này dùng.

# %%
sources = pd.DataFrame(run["sources"]).convert_dtypes()
sources[["source", "delivery_date", "mode", "outcome", "rows", "quarantined", "picture_as_of", "reason"]]

# %% [markdown]
# ## 2. Dữ liệu tốt đến đâu? `gold/quality_scorecard`
#
# Bốn chiều: **đúng** (`dung`), **đủ** (`du`), **sạch** (`sach`), **sống** (`song`). Xanh từ 90 %, vàng từ 75 %,
# đỏ dưới 75 %.

# %%
scores = read("gold/quality_scorecard").to_pandas()
latest = scores.sort_values("business_date").groupby(["source", "dimension"], as_index=False).last()
latest["colour"] = pd.cut(latest["score"], [-1, 0.75, 0.9, 2], right=False, labels=["đỏ", "vàng", "xanh"]).astype(str)
latest = latest[["source", "dimension", "score", "colour"]]
cells = alt.Chart(latest, title="Điểm chất lượng", width=320).encode(
    x=alt.X("dimension:N", sort=["dung", "du", "sach", "song"], title=None, axis=alt.Axis(orient="top", labelAngle=0)),
    y=alt.Y("source:N", title=None),
)
colours = alt.Scale(domain=["xanh", "vàng", "đỏ"], range=["#bfe3cd", "#fbe29a", "#f4b7b2"])
cells.mark_rect(stroke="white").encode(
    color=alt.Color("colour:N", scale=colours, title=None)
) + cells.mark_text().encode(text=alt.Text("score:Q", format=".1%"))

# %% [markdown]
# ## 3. Ai đứng sau gian hàng? `match/seller_links`
#
# Mỗi gian hàng một dòng. `decision`: `link` (đủ chắc), `review` (người quyết định), `none`. `match_type` là
# bằng chứng chính: số giấy tờ, mã số thuế, tài khoản, điện thoại, hay họ tên cùng nơi ở (`fuzzy`).

# %%
decisions = counted("match/seller_links", ["decision", "match_type"])
alt.Chart(decisions, title="Gian hàng theo quyết định và bằng chứng", width=520).mark_bar().encode(
    x=alt.X("rows:Q", title="gian hàng"),
    y=alt.Y("decision:N", sort=["link", "review", "none"], title=None),
    color=alt.Color("match_type:N", title="bằng chứng"),
)

# %% [markdown]
# Xác suất phải tách thành hai đầu: gần 1 là `link`, giữa là `review`. Một khối lớn ở giữa là dấu hiệu thiếu
# bằng chứng.

# %%
probability = read("match/seller_links", ["match_probability", "decision"]).to_pandas().dropna()
probability["bin"] = (probability["match_probability"] * 20).astype(int).clip(upper=19) / 20
bins = probability.groupby(["bin", "decision"], as_index=False).size()
alt.Chart(bins, title="Xác suất khớp", width=520, height=180).mark_bar().encode(
    x=alt.X("bin:O", title="xác suất từ", axis=alt.Axis(labelAngle=0, format=".2f")),
    y=alt.Y("size:Q", title="gian hàng"),
    color=alt.Color("decision:N", title=None),
)

# %% [markdown]
# Quy tắc chặn nào mang ứng viên về, và giới hạn đã cắt những gì (`match/blocking`): một số điện thoại hay tài
# khoản đứng sau hàng trăm gian hàng thì không nói lên ai cả.

# %%
read("match/blocking").to_pandas().sort_values("pairs", ascending=False).head(20)

# %% [markdown]
# ## 4. Người bán và tình trạng thuế: `gold/seller_parties`
#
# Mỗi người bán và năm thuế một dòng, dù có bị gắn cờ hay không. Doanh thu là tổng của mọi gian hàng, mọi sàn.

# %%
parties = counted("gold/seller_parties", ["tax_year", "tax_status", "party_type"], revenue="revenue_vnd")
this_year = parties[parties["tax_year"] == night.year].copy()
this_year["billion"] = this_year["revenue"] / 1e9
base = alt.Chart(this_year, width=300).encode(
    y=alt.Y("tax_status:N", sort="-x", title=None), color=alt.Color("party_type:N", title="loại")
)
base.mark_bar().encode(x=alt.X("rows:Q", title="người bán")) | base.mark_bar().encode(
    x=alt.X("billion:Q", title="doanh thu, tỷ đồng")
)

# %% [markdown]
# ## 5. Hồ sơ: `gold/flagged_sellers`
#
# Mỗi (người bán, năm thuế, lý do) một hồ sơ, giữ nguyên mã qua các đêm; hết lý do thì thành `resolved`, không
# biến mất. Tra nghĩa từng lý do ở trang báo cáo hoặc sheet chú giải của `flagged_sellers.xlsx`.

# %%
cases = counted("gold/flagged_sellers", ["reason", "status"], tax="estimated_tax_vnd")
alt.Chart(cases, title="Hồ sơ theo lý do", width=520).mark_bar().encode(
    x=alt.X("rows:Q", title="hồ sơ"),
    y=alt.Y("reason:N", sort="-x", title=None),
    color=alt.Color("status:N", title=None),
)

# %% [markdown]
# Ưu tiên = xác suất × t / (t + 50 triệu), với t là thuế sàn chưa khấu trừ. Số tiền lớn mà không chắc, hay chắc mà số
# tiền nhỏ, đều không lên đầu hàng.

# %%
columns = ["case_id", "status", "reason", "priority", "estimated_tax_vnd", "match_probability"]
queue = read("gold/flagged_sellers", columns)
queue = queue.filter(pc.equal(queue["status"], "open")).sort_by([("priority", "descending"), ("case_id", "ascending")])
head = queue.slice(0, 500).to_pandas()
head["tax"] = head["estimated_tax_vnd"] / 1e6
alt.Chart(head.dropna(), title="500 hồ sơ đầu hàng đợi", width=520).mark_circle(size=60).encode(
    x=alt.X("tax:Q", title="thuế ước tính, triệu đồng", scale=alt.Scale(type="symlog")),
    y=alt.Y("match_probability:Q", title="xác suất", scale=alt.Scale(domain=[0, 1])),
    color=alt.Color("priority:Q", title="ưu tiên"),
)

# %% [markdown]
# ## 6. Một hồ sơ, đọc hết
#
# Hồ sơ đầu hàng đợi, từng trường một. Ngoài bảng này, giấy tờ và mã số chỉ được hiện bốn ký tự cuối.

# %%
if queue.num_rows:
    case_id = queue["case_id"][0].as_py()
    table = DeltaTable(f"{WAREHOUSE}/gold/flagged_sellers", version=versions["gold/flagged_sellers"])
    case = table.to_pyarrow_dataset().to_table(filter=pc.field("case_id") == case_id).to_pylist()[0]
    case |= {"personal_id": masked(case["personal_id"]), "tax_code": masked(case["tax_code"])}
    # Tên gian hàng do người bán đặt, có khi chứa cả số điện thoại: không in ra đây.
    case["shops"] = [{name: value for name, value in shop.items() if name != "shop_name"} for shop in case["shops"]]
    for name, value in case.items():
        print(f"{name:20} {value}")

# %% [markdown]
# ## Đi tiếp
#
# - `docs/` nói vì sao mọi thứ như vậy; `jobs/tables.py` là hợp đồng của từng bảng.
# - Vì sao một gian hàng được gắn với một người: cột `evidence` của `match/seller_links`; trọng số ở `match/model`.
# - Dòng nào bị từ chối và vì sao: `ops/quarantine`.
