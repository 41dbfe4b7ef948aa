"""The command line, `ct18` (contract §4). People's mistakes end in one line on stderr and exit 2.

A failed night in one line and 1.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jobs.errors import NightFailed, UserError

if TYPE_CHECKING:  # Spark takes seconds to import; `--help` shall not wait for it.
    from jobs.ledger import Run
    from jobs.monitoring import Monitor
    from jobs.outcomes import Accept
    from jobs.settings import Settings
    from jobs.storage import Files, Lake

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="ct18: đối chiếu dân cư với thuế, ngân hàng, viễn thông và sàn thương mại điện tử (Chỉ thị 18/CT-TTg).",
)

LandingOption = Annotated[str, typer.Option(help="Vùng nhận dữ liệu: thư mục hoặc URI (landing zone).")]
WarehouseOption = Annotated[str, typer.Option(help="Kho dữ liệu Delta: thư mục hoặc URI (warehouse).")]
DateOption = Annotated[str, typer.Option(help="Ngày nghiệp vụ, YYYY-MM-DD (business date).")]
ByOption = Annotated[str, typer.Option(help="Người quyết định.")]
ReasonOption = Annotated[str, typer.Option(help="Lý do.")]
ConfigOption = Annotated[Path | None, typer.Option(help="Tệp cài đặt YAML (settings).")]


def _list_faults(asked: bool) -> None:
    """Every fault of `sample --fault`, a line each, and no more."""
    if not asked:
        return
    from sample_data.faults import FAULTS

    for fault in FAULTS.values():
        print(f"{fault.name:42} {fault.dimension:5} {fault.answer:11} {fault.sentence}")
    raise typer.Exit


@app.command()
def sample(
    out: Annotated[Path, typer.Option(help="Thư mục đích, phải trống.")],
    residents: Annotated[int, typer.Option(help="Số cư dân.", min=1_000)] = 20_000,
    seed: Annotated[int, typer.Option(help="Hạt giống ngẫu nhiên.", min=0)] = 1,
    business_date: DateOption = "2026-11-20",
    fault: Annotated[
        str | None, typer.Option(help="Thêm đêm kế tiếp có một lỗi để tập dượt (a next night with this fault).")
    ] = None,
    list_faults: Annotated[
        bool, typer.Option("--list-faults", callback=_list_faults, is_eager=True, help="Liệt kê các lỗi (list them).")
    ] = False,
) -> None:
    """Tạo một quốc gia giả lập: vùng nhận dữ liệu và sự thật kèm theo (write a synthetic country)."""
    from sample_data.faults import FAULTS
    from sample_data.generate import SampleError, write_country

    if fault is not None and fault not in FAULTS:
        raise UserError(f"--fault: {fault!r} is none of the faults that ct18 sample --list-faults names")
    wrong = None if fault is None else FAULTS[fault]
    try:
        write_country(out, residents, seed, _date(business_date), fault=wrong, progress=_say)
    except SampleError as error:
        raise UserError(str(error)) from None
    except OSError as error:
        raise UserError(f"{out}: {error.strerror}") from None


@app.command()
def nightly(
    landing: LandingOption,
    warehouse: WarehouseOption,
    business_date: DateOption,
    config: ConfigOption = None,
    accept: Annotated[
        str | None,
        typer.Option(
            help="Nhận một lần giao đang bị giữ: NGUỒN:NGÀY, hay số hồ sơ bất thường: gold:NGÀY (accept a held one)."
        ),
    ] = None,
    by: Annotated[str | None, typer.Option(help="Người quyết định nhận (với --accept).")] = None,
    reason: Annotated[str | None, typer.Option(help="Lý do nhận (với --accept).")] = None,
    full: Annotated[
        bool, typer.Option("--full", help="Tính lại tất cả dù không có gì đổi, báo chênh lệch (rebuild and compare).")
    ] = False,
    new_key: Annotated[
        bool,
        typer.Option("--new-key", help="Đổi khóa gold.hash_key: mọi hồ sơ mang mã mới (all cases get other ids)."),
    ] = False,
) -> None:
    """Chạy một đêm, mọi công đoạn. Mã thoát: 0 tốt, 3 thiếu nguồn, 1 thất bại, 2 sai lệnh (run one night)."""
    from jobs.ledger import EXIT_CODES
    from jobs.outcomes import GOLD, Accept
    from jobs.sources import SOURCES

    date = _date(business_date)
    override = None
    if accept is not None or by is not None or reason is not None:
        source, _, delivery_date = (accept or "").partition(":")
        if source not in (*SOURCES, GOLD) or not delivery_date or not (by or "").strip() or not (reason or "").strip():
            raise UserError("--accept SOURCE:DATE needs a known source (or gold), a date, --by NAME and --reason TEXT")
        override = Accept(source, _date(delivery_date), (by or "").strip(), (reason or "").strip())
    settings = _settings(config)
    with _watched(settings, date) as monitor, _warehouse(settings, warehouse) as lake:
        run = _night(lake, landing, date, settings, override, monitor, full=full, new_key=new_key)
        raise typer.Exit(EXIT_CODES[run.status])


@app.command(name="catch-up")
def catch_up(
    landing: LandingOption,
    warehouse: WarehouseOption,
    to: Annotated[str, typer.Option(help="Ngày nghiệp vụ cuối cùng cần chạy, YYYY-MM-DD (the last night to run).")],
    config: ConfigOption = None,
) -> None:
    """Chạy lần lượt các đêm bị lỡ; mã thoát của đêm cuối (run the nights that were missed, in order)."""
    from jobs.catch_up import missed
    from jobs.ledger import EXIT_CODES, last_finished

    until, settings = _date(to), _settings(config)
    with _watched(settings, until) as monitor, _warehouse(settings, warehouse) as lake:
        nights = missed(lake, landing, until)
        if not nights:
            _say(f"no night was missed: {until} is done")
        code = 0
        for number, date in enumerate(nights, start=1):
            _say(f"night {date}: {number} of {len(nights)}")
            monitor.turn_to(date)
            try:
                code = EXIT_CODES[_night(lake, landing, date, settings, None, monitor).status]
            except NightFailed as error:
                # Until a first one has finished a later date may have what this one lacks.
                if number == len(nights) or last_finished(lake) is not None:
                    raise
                _say(f"night {date}: failed: {error}; no night has finished yet, the next date is tried")
        raise typer.Exit(code)


@app.command()
def status(
    warehouse: WarehouseOption,
    nights: Annotated[int, typer.Option(help="Số lượt chạy gần nhất.", min=1, max=1_000)] = 10,
    config: ConfigOption = None,
) -> None:
    """Các đêm gần nhất: kết quả, thời gian, nguồn cần xử lý; mã thoát của lượt mới nhất (how the last nights went)."""
    from jobs.status import as_table, exit_code, last_runs

    with _warehouse(_settings(config), warehouse) as lake:
        runs = last_runs(lake, nights)
        print(as_table(runs))
        raise typer.Exit(exit_code(runs))


@app.command()
def doctor(
    warehouse: WarehouseOption,
    landing: Annotated[str | None, typer.Option(help="Vùng nhận dữ liệu, nếu cần xem (landing zone).")] = None,
    config: ConfigOption = None,
) -> None:
    """Máy, cài đặt và thư mục đã sẵn sàng cho một đêm chưa; mã thoát 1 nếu có lỗi (is all fit for a night)."""
    from jobs import doctor as checks

    settings = _settings(config)
    found = list(checks.machine(settings))
    if not checks.exit_code(found):
        with _warehouse(settings, warehouse) as lake:
            found += checks.places(lake.files, warehouse, landing, dt.date.max)
    print(checks.as_table(found))
    raise typer.Exit(checks.exit_code(found))


@app.command()
def decide(
    warehouse: WarehouseOption,
    case: Annotated[list[str], typer.Option(help="Mã hồ sơ, case_id; nêu nhiều lần được (may be repeated).")],
    as_: Annotated[
        str, typer.Option("--as", help="confirmed: xác nhận, dismissed: bác, open: rút lại quyết định (take back).")
    ],
    by: ByOption,
    reason: ReasonOption,
    config: ConfigOption = None,
) -> None:
    """Ghi quyết định của cán bộ về hồ sơ; các đêm sau giữ nguyên (confirm or dismiss cases)."""
    from jobs import decisions

    _check_decision(as_, decisions.DECIDED, by, reason)
    with _warehouse(_settings(config), warehouse) as lake:
        decisions.decide(lake, case, as_, by.strip(), reason.strip())
    for case_id in dict.fromkeys(case):
        print(f"{case_id}: {as_}")


@app.command(name="decide-link")
def decide_link(
    warehouse: WarehouseOption,
    platform: Annotated[str, typer.Option(help="Sàn báo cáo gian hàng.")],
    shop_id: Annotated[list[str], typer.Option(help="Mã gian hàng của sàn; nêu nhiều lần được (may be repeated).")],
    as_: Annotated[
        str,
        typer.Option(
            "--as",
            help="linked: ứng viên đúng là người bán, rejected: không phải, open: rút lại mọi quyết định (take back).",
        ),
    ],
    by: ByOption,
    reason: ReasonOption,
    as_of: Annotated[
        str | None, typer.Option(help="Đêm của báo cáo đã đọc, YYYY-MM-DD: ứng viên nay đã khác thì không ghi.")
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Ghi quyết định của cán bộ: ứng viên của gian hàng có phải người bán; hiệu lực từ đêm sau (who trades there)."""
    from jobs import link_decisions

    _check_decision(as_, link_decisions.DECIDED, by, reason)
    date = None if as_of is None else _date(as_of)
    with _warehouse(_settings(config), warehouse) as lake:
        who = link_decisions.decide(lake, platform, shop_id, as_, by.strip(), reason.strip(), date)
    for each in dict.fromkeys(shop_id):
        print(": ".join(filter(None, (f"{platform} {each}", as_, who.get(each)))))


@app.command()
def explain(
    warehouse: WarehouseOption,
    case: Annotated[str, typer.Option(help="Mã hồ sơ, case_id.")],
    as_of: Annotated[
        str | None, typer.Option(help="Đêm nào, YYYY-MM-DD; không nêu: đêm mới nhất (as of which night).")
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Vì sao có một hồ sơ: dòng dữ liệu, quy tắc, ngưỡng, phiên bản (where a case comes from)."""
    from jobs.explain import explain as lines_of
    from jobs.ledger import night_of

    date, settings = (None if as_of is None else _date(as_of)), _settings(config)
    with _warehouse(settings, warehouse) as lake:
        night, run = night_of(lake, date)
        print(lines_of(night, run, case))


@app.command()
def replay(
    warehouse: WarehouseOption,
    run: Annotated[str, typer.Option(help="Mã lượt chạy, run_id trong ops/runs.")],
    out: Annotated[str, typer.Option(help="Kho mới cho kết quả, chưa tồn tại (a new warehouse for the result).")],
    config: ConfigOption = None,
) -> None:
    """Dựng lại một lượt chạy đã qua và so sánh; mã thoát 1 nếu khác (rebuild a past run and compare)."""
    from jobs.replay import replay as rebuild

    settings = _settings(config)
    with _warehouse(settings, warehouse) as lake:
        differing = rebuild(lake, run, settings, out, _say)
    for table, rows in differing.items():
        print(f"{table}: {'giống hệt (equal)' if rows == 0 else f'{rows:,} dòng khác (rows differ)'}")
    raise typer.Exit(int(any(differing.values())))


@app.command()
def retrain(
    warehouse: WarehouseOption,
    promote: Annotated[
        bool, typer.Option("--promote", help="Đưa tham số mới vào dùng từ đêm sau (the next night decides by them).")
    ] = False,
    config: ConfigOption = None,
) -> None:
    """Học lại tham số đối chiếu, so với tham số đang dùng; mã thoát 3 nếu lệch quá mức (retrain and compare)."""
    from jobs.training import as_text
    from jobs.training import retrain as train

    settings = _settings(config)
    with _warehouse(settings, warehouse) as lake:
        comparison = train(lake, settings.match, promote, _say)
    most = settings.match.most_drift_bits
    for line in as_text(comparison, most):
        print(line)
    if promote:
        print("tham số mới dùng từ đêm sau (promoted)")
    raise typer.Exit(3 if comparison.drifted(most) and not promote else 0)


@app.command()
def maintain(warehouse: WarehouseOption, config: ConfigOption = None) -> None:
    """Dọn kho: xoá dòng và tệp quá hạn giữ, gộp tệp nhỏ; nên chạy mỗi tuần (remove what is past its time)."""
    from jobs.maintenance import maintain as run

    settings = _settings(config)
    with _warehouse(settings, warehouse) as lake:
        before = lake.files.size(warehouse)
        done = run(lake, settings.maintenance, _say)
        after = lake.files.size(warehouse)
        _say(f"maintenance: {done.stages[-1].seconds:.1f} s; {before / 2**20:,.0f} → {after / 2**20:,.0f} MiB")


@app.command()
def report(
    warehouse: WarehouseOption,
    business_date: DateOption,
    out: Annotated[str, typer.Option(help="Thư mục báo cáo.")],
    config: ConfigOption = None,
) -> None:
    """Báo cáo của một đêm: trang tổng quan, hàng đợi, chất lượng, sổ theo tỉnh (the night's reports)."""
    from jobs.ledger import night_of, readable
    from jobs.report import write_report

    date, settings = _date(business_date), _settings(config)
    with _warehouse(settings, warehouse) as lake:
        night, run = night_of(lake, date)
        with readable(f"the night {date}"):
            write_report(night, run, out, settings.report, _say)
        _say(f"report: {out.rstrip('/')}/index.html")


@app.command()
def evaluate(
    warehouse: WarehouseOption,
    truth: Annotated[str, typer.Option(help="Thư mục sự thật của dữ liệu giả lập (truth).")],
    json_file: Annotated[Path | None, typer.Option("--json", help="Ghi kết quả ra tệp JSON.")] = None,
    config: ConfigOption = None,
) -> None:
    """So kết quả với sự thật: precision, recall, F1 của liên kết và cờ (compare with the truth)."""
    from jobs.evaluate import as_table
    from jobs.evaluate import evaluate as compare
    from jobs.ledger import night_of

    if json_file is not None and not (json_file.parent.is_dir() and os.access(json_file.parent, os.W_OK)):
        raise UserError(f"--json: {json_file.parent} is no folder that can be written to")
    if json_file is not None and json_file.is_dir():
        raise UserError(f"--json: {json_file} is a folder")
    with _warehouse(_settings(config), warehouse) as lake:
        night, _ = night_of(lake)
        _say("evaluate: the last finished night against the truth")
        result = compare(night, truth)
        print(as_table(result))
        if json_file is not None:
            json_file.write_text(json.dumps(result, ensure_ascii=False, indent=2, default=str), encoding="utf-8")


@app.command()
def link(
    config: Annotated[Path, typer.Option(help="Tệp cấu hình YAML: dữ liệu vào, cột, loại cột (contract §5).")],
    out: Annotated[str, typer.Option(help="Thư mục kết quả, trên máy này hay ổ dùng chung.")],
) -> None:
    """Ghép bản ghi trên dữ liệu bất kỳ: cặp có xác suất, cụm, trang giải thích (link records of any data)."""
    from jobs.link.config import load
    from jobs.link.run import run
    from jobs.session import start

    if "://" in out:
        raise UserError(f"--out {out}: a folder of this machine or a shared disk is asked for, no URI")
    wanted = load(config)
    spark = start(wanted.spark)
    try:
        summary = run(spark, wanted, config.parent, Path(out), _say)
    finally:
        spark.stop()
    for stage, seconds in summary["seconds"].items():
        _say(f"{stage}: {seconds:.1f} s")
    _say(f"link: {summary['pairs_linked']:,} pairs linked of {summary['pairs_scored']:,} scored; {out}/report.html")


def _night(
    lake: Lake,
    landing: str,
    date: dt.date,
    settings: Settings,
    accept: Accept | None,
    monitor: Monitor,
    *,
    full: bool = False,
    new_key: bool = False,
) -> Run:
    """Run a night, and tell what became of it, its stages and its sources."""
    from jobs.night import run_night

    run = run_night(
        lake, landing, date, settings, accept, monitor.line, full=full, new_key=new_key, ended=monitor.ended
    )
    for stage in run.stages:
        _say(f"{stage.name}: {stage.seconds:.1f} s, rows {_count(stage.rows_in)} → {_count(stage.rows_out)}")
    for outcome in run.sources:
        if outcome.outcome != "taken":
            _say(f"{outcome.source} {outcome.delivery_date or ''}: {outcome.outcome}: {outcome.reason or ''}")
    _say(f"night {date}: {run.status}; flagged sellers in {lake.root.rstrip('/')}/gold/flagged_sellers")
    return run


def main() -> None:
    """Entry point of `ct18`."""
    # As where somebody presses Ctrl-C: a night that is told to stop writes down that it did.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    _show_any_letter()
    try:
        sys.exit(app(standalone_mode=False))
    except (typer.Abort, KeyboardInterrupt):
        sys.exit(_last_words("interrupted", 1))
    except typer.TyperException as error:
        told = error.format_message() if hasattr(error, "format_message") else error
        sys.exit(_last_words(told, 2))
    except UserError as error:
        sys.exit(_last_words(error, 2))
    except NightFailed as error:
        sys.exit(_last_words(error, 1))
    except Exception as error:
        if os.environ.get("CT18_DEBUG"):
            raise
        # The text of a library's error may quote data: only its kind is shown.
        sys.exit(_last_words(f"unexpected {type(error).__name__}; CT18_DEBUG=1 shows where (it may show data)", 1))


def _show_any_letter() -> None:
    """A console that has no Vietnamese letters shows others in their place."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _last_words(error: object, code: int) -> int:
    words = " ".join(str(error).split())
    if words:
        print(f"ct18: {words}", file=sys.stderr)
    return code


@contextmanager
def _watched(settings: Settings, date: dt.date) -> Iterator[Monitor]:
    """Tell the outside too where a night cannot begin, or breaks off before or after its run."""
    from jobs.monitoring import Monitor

    monitor = Monitor(settings.monitoring, _say, date)
    try:
        yield monitor
    except UserError as error:
        monitor.refused(str(error))
        raise
    except (NightFailed, typer.Exit):
        raise
    except KeyboardInterrupt:
        monitor.broke_off("interrupted")
        raise
    except Exception as error:
        monitor.broke_off(f"unexpected {type(error).__name__}")
        raise


@contextmanager
def _warehouse(settings: Settings, path: str) -> Iterator[Lake]:
    from jobs.session import start
    from jobs.storage import Lake

    if not path.strip():
        raise UserError("--warehouse must not be empty")
    if os.path.isdir(path) and not os.access(path, os.R_OK | os.X_OK):
        # It would look as if no night had ever run.
        raise UserError(f"warehouse {path}: Permission denied")
    if settings.gold.key_is_public:
        _say("warning: gold.hash_key is the development key; set your own outside the warehouse")
    spark = start(settings.spark)
    try:
        lake = Lake(spark, path)
        _require_folder(lake.files, path)
        yield lake
    finally:
        spark.stop()


def _require_folder(files: Files, path: str) -> None:
    """A warehouse is a folder, or nothing as yet, of a file system that there is."""
    try:
        if files.exists(path) and not files.is_folder(path):
            raise UserError(f"warehouse {path}: no folder")
    except OSError as error:
        raise UserError(f"warehouse {path}: cannot be read ({error})") from None


def _settings(path: Path | None) -> Settings:
    from jobs.settings import load

    return load(path)


def _check_decision(decision: str, known: Sequence[str], by: str, reason: str) -> None:
    if decision not in known:
        raise UserError(f"--as {decision}: none of {', '.join(known)}")
    if not by.strip() or not reason.strip():
        raise UserError("--by NAME and --reason TEXT must not be empty")


def _date(text: str) -> dt.date:
    try:
        date = dt.datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a date has no zone
    except ValueError:
        raise UserError(f"business date {text!r}: not a date YYYY-MM-DD") from None
    if not 2000 <= date.year <= 2100:
        raise UserError(f"business date {text}: outside the years 2000 to 2100")
    return date


def _count(rows: int | None) -> str:
    return "-" if rows is None else f"{rows:,}"


def _say(line: str) -> None:
    # In one piece: steps that run side by side speak at the same time.
    print(f"{dt.datetime.now():%H:%M:%S} {line}\n", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
