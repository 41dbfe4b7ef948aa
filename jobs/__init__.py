"""The nightly run: landing zone → bronze → picture → quality gate → silver → match → gold → reports."""
