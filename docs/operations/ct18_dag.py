"""Ví dụ cho Airflow 3: mỗi đêm một lượt, báo cáo sau đó, dọn kho chủ nhật (an example for Airflow 3).

Một đêm một lúc (`max_active_runs=1`); kho tự từ chối lượt thứ hai dù sao. Mã thoát 3 là đêm xong nhưng thiếu nguồn:
Airflow ghi là thành công, `ct18 status` và `notify` của cài đặt cho biết thiếu gì.
"""

import pendulum
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

CT18 = "/opt/ct18/.venv/bin/ct18"
PLACES = "--warehouse /srv/ct18/warehouse --config /etc/ct18/settings.yaml"
ALIKE = {
    "start_date": pendulum.datetime(2026, 1, 1, tz="Asia/Ho_Chi_Minh"),
    "catchup": False,
    "max_active_runs": 1,
    "tags": ["ct18"],
}

with DAG(
    dag_id="ct18_nightly",
    schedule="30 1 * * *",
    **ALIKE,
) as nightly:
    # `ds` is UTC's date; the business date is yesterday's in Vietnam.
    date = "{{ dag_run.run_after.in_timezone('Asia/Ho_Chi_Minh').subtract(days=1).to_date_string() }}"
    night = BashOperator(
        task_id="night",
        bash_command=f"{CT18} catch-up --landing /srv/ct18/landing {PLACES} --to {date} || [ $? -eq 3 ]",
    )
    report = BashOperator(
        task_id="report",
        bash_command=f"{CT18} report {PLACES} --business-date {date} --out /srv/ct18/reports",
    )
    night >> report

with DAG(
    dag_id="ct18_maintain",
    schedule="0 12 * * 0",
    **ALIKE,
) as maintain:
    BashOperator(task_id="maintain", bash_command=f"{CT18} maintain {PLACES}")
