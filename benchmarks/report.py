"""What the runs of `benchmarks.defaults` say: tables of scores, ranks and costs, and a picture."""

COSTS = ("seconds", "cpu_seconds", "peak_mib")
