"""Measures proxies that take turns on one machine; Benchmarks/README.md tells what is measured, and how."""
