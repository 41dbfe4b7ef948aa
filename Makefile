PYTHON ?= python3
RESIDENTS ?= 20000
SEED ?= 1
DATE ?= 2026-11-20

BIN := .venv/bin
PACKAGES := jobs matching expectations sample_data
BOOTSTRAP = $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	|| { echo 'Cần Python 3.11 trở lên / need Python >= 3.11: apt install python3 python3-venv, or make PYTHON=python3.11' >&2; exit 1; }; \
	$(PYTHON) -I jobs/bootstrap.py
COUNTRY = build/country-$(RESIDENTS)-$(SEED)-$(DATE)
REPORT = $(BIN)/ct18 report --warehouse $(COUNTRY)/warehouse --business-date $(DATE) --out $(COUNTRY)/reports

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup preflight run test test-slow check bench bench-link evaluate report clean lock

help: ## các lệnh / this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: preflight .venv/.stamp jars/.stamp ## cài .venv và hai jar của Delta / .venv and Delta's two jars
	@$(BOOTSTRAP) classes

preflight:
	@$(BOOTSTRAP) check

.venv/.stamp: requirements.lock pyproject.toml
	@$(BOOTSTRAP) venv
	@touch $@

jars/.stamp: jars.sha256
	@$(BOOTSTRAP) jars
	@touch $@

run: setup ## dân số mẫu, một đêm, báo cáo / sample country, one night, reports: RESIDENTS= SEED= DATE=
	@test -d $(COUNTRY)/truth \
		|| $(BIN)/ct18 sample --out $(COUNTRY) --residents $(RESIDENTS) --seed $(SEED) --business-date $(DATE)
	$(BIN)/ct18 nightly --landing $(COUNTRY)/landing --warehouse $(COUNTRY)/warehouse --business-date $(DATE)
	$(REPORT)
	@echo 'Người bán bị gắn cờ / flagged sellers: $(COUNTRY)/warehouse/gold/flagged_sellers'
	@echo 'Báo cáo / reports:                     $(COUNTRY)/reports/index.html, flagged_sellers.xlsx'

report: setup ## báo cáo của đêm DATE / reports of the night DATE
	$(REPORT)

test: setup ## kiểm thử, mười đến hai mươi phút / the tests, ten to twenty minutes
	$(BIN)/pytest -n 2 -m "not slow"

test-slow: setup ## kiểm thử lâu: mọi lỗi mẫu, đêm bị giết giữa chừng / the slow tests: every fault of the sample, nights killed
	$(BIN)/pytest -m slow

check: .venv/.stamp ## định dạng, lint, kiểu / format, lint, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy --strict $(PACKAGES)

bench: setup ## thời gian từng khâu / seconds by stage at 50k, 200k and 1M residents
	$(BIN)/python -m tests.bench.stages

bench-link: setup build/bench-venv/.stamp ## ct18 link bên cạnh Splink / ct18 link beside Splink: SETS="febrl3 syn200k"
	build/bench-venv/bin/python -m tests.bench.linkage $(SETS)

# An environment of its own: the peer is no part of the project, and one of its packages brings a `tests` that hides ours.
build/bench-venv/.stamp: requirements-bench.lock
	$(PYTHON) -m venv build/bench-venv
	build/bench-venv/bin/pip install --quiet --require-hashes -r requirements-bench.lock
	rm -rf build/bench-venv/lib/python3*/site-packages/tests
	@touch $@

evaluate: setup ## độ chính xác trên ba dân số mới / precision and recall on three fresh countries
	$(BIN)/python -m tests.bench.evaluate

clean: ## xoá build/ / remove build/
	rm -rf build

lock: .venv/.stamp ## tính lại các tệp khoá / resolve the lock files anew
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--custom-compile-command 'make lock' --group dev pyproject.toml --output-file requirements.lock > /dev/null
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--custom-compile-command 'make lock' --group bench pyproject.toml --output-file requirements-bench.lock > /dev/null
