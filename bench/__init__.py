"""Benchmarks: each prints ratios measured in one run on one machine, ours against the plain way.

Absolute figures depend on the machine and on who else uses it; a ratio of two things measured side by side says more.
Load goes to loopback only and is bounded in count and in time. `make bench` runs them all.
"""
