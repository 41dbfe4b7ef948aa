"""Measurements that take minutes: run by hand through `make evaluate` and `make bench`, not by the tests."""
