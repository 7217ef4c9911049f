from __future__ import annotations

import re

from evenhand.serve.counts import Counts

LINE = re.compile(r'[a-z_]+(?:\{[a-z]+="(?:[^"\\\n]|\\.)*"(?:,[a-z]+="(?:[^"\\\n]|\\.)*")*\})? [0-9.e-]+')


def test_every_line_is_one_that_prometheus_reads() -> None:
    counts = Counts('ga"te\\\n', "ab")
    counts.requests["passed", "200"] += 2
    counts.blocks["system"] += 1
    lines = counts.text().splitlines()
    assert counts.text().endswith("\n")
    for line in lines:
        assert line.startswith(("# HELP evenhand_gateway_", "# TYPE evenhand_gateway_")) or LINE.fullmatch(line), line
    assert r'policy="ga\"te\\\n"' in counts.text()
    named = {line.split()[2] for line in lines if line.startswith("# TYPE")}
    assert all(any(line.startswith(name) for line in lines if line[0] != "#") for name in named)


def test_times_are_counted_up_to_their_bound() -> None:
    counts = Counts("gate", "ab")
    for seconds in (0.00005, 0.0001, 0.002, 5.0):
        counts.applied(seconds)
    text = counts.text()
    found = [int(n) for n in re.findall(r'policy_seconds_bucket\{le="[^"]+"\} (\d+)', text)]
    assert found == [2, 2, 2, 3, 3, 3, 3, 3, 4]
    assert "policy_seconds_count 4" in text
    assert "policy_seconds_sum 5.002150" in text
