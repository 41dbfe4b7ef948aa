"""The night's reports (contract §4): the page, the queue, the scorecard, a workbook a province."""

from jobs.report.night import write_report

__all__ = ["write_report"]
