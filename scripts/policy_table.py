"""The table of policies in docs/mitigation.md, from audits of a specimen.

python scripts/policy_table.py               # audits specimen/tilted with every policy: 20 minutes on two cores
python scripts/policy_table.py RUN [RUN...] # the same from runs that are there
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import evenhand
from evenhand.mitigate.named import mitigation_spec
from evenhand.plan.make import PlanRequest
from evenhand.records.mitigation import MitigationSpec
from evenhand.records.tried import Aspect, PolicyChange, TriedPolicy
from evenhand.report.numbers import percent, points, span

__all__ = ["policy_rows", "policy_table", "with_table"]

PAGE = Path(__file__).parents[1] / "docs" / "mitigation.md"
HEADING = "## On a specimen"
MODEL = "specimen/tilted"
RUNS = (
    ("redact", "neutralise", "write_tag", "gate", "third_person", "check", "two_pass", "instruct", "consensus"),
    ("redact?by=both", "neutralise?by=both"),
)
"""The policies of each run: a run tries every policy once."""
_HEAD = (
    "| policy | word | gap without → with | change (95% interval) | score with a profile | changed answers "
    "| benefit kept |",
    "| --- | --- | ---: | ---: | ---: | ---: | ---: |",
)


def policy_rows(tried: Sequence[TriedPolicy], specs: Sequence[MitigationSpec]) -> list[str]:
    """One row a policy, in the order of the plan.

    Args:
        tried: What the findings say.
        specs: The policies of the plan, with their options.
    """
    named = {one.policy: one for one in tried}
    return [_row(named[spec.name], _written(spec)) for spec in specs if spec.name in named]


def _written(spec: MitigationSpec) -> str:
    """The policy as it is named at the command line, without options that it has anyway."""
    usual = mitigation_spec(spec.name).options
    own = {name: value for name, value in spec.options.items() if usual.get(name) != value}
    return spec.name + ("?" + "&".join(f"{name}={value}" for name, value in own.items()) if own else "")


def _row(one: TriedPolicy, written: str) -> str:
    gap, kept = _of(one, "gap"), one.benefit_kept
    spread = getattr(gap.change, "spread", None) if gap else None
    benefit = "–"
    if kept is not None:
        within = "" if kept.low is None or kept.high is None else f" ({percent(kept.low)} to {percent(kept.high)})"
        benefit = f"{percent(kept.value)}{within}"
    cells = (
        f"`{written}`",
        one.verdict or "interim",
        _sides(gap, signed=True),
        "–" if spread is None else span(spread.low, spread.high, unit="points"),
        _sides(_of(one, "accuracy"), signed=False),
        _sides(_of(one, "flips"), signed=False),
        benefit,
    )
    return f"| {' | '.join(cells)} |"


def _of(one: TriedPolicy, aspect: Aspect) -> PolicyChange | None:
    """The change of the understanding items, or of the first kind that has it."""
    found = [change for change in one.changes if change.aspect == aspect]
    return next((change for change in found if change.kind == "understanding"), next(iter(found), None))


def _sides(change: PolicyChange | None, *, signed: bool) -> str:
    if change is None:
        return "–"
    return f"{points(change.before, signed=signed)} → {points(change.after, signed=signed)}"


def policy_table(rows: Sequence[str]) -> str:
    """The whole table."""
    return "\n".join((*_HEAD, *rows))


def with_table(page: str, table: str) -> str:
    """The page with the table in place of the first one under the heading.

    Raises:
        ValueError: The page has no such heading, or no table under it.
    """
    head, heading, rest = page.partition(f"{HEADING}\n")
    lines = rest.split("\n")
    first = next((place for place, line in enumerate(lines) if line.startswith("|")), None)
    if not heading or first is None:
        raise ValueError(f"the page has no table under {HEADING!r}")
    last = next(place for place in range(first, len(lines) + 1) if place == len(lines) or lines[place][:1] != "|")
    return head + heading + "\n".join((*lines[:first], table, *lines[last:]))


def _audited(folder: Path) -> list[Path]:
    """Runs of every policy."""
    made = []
    for number, policies in enumerate(RUNS, 1):
        run = folder / f"run-{number}"
        evenhand.audit(PlanRequest(models=(MODEL,), preset="standard", mitigations=policies), run)
        made.append(run)
    return made


def main(arguments: Sequence[str]) -> None:
    """Rewrite the table from the runs that are named, or from new ones."""
    with tempfile.TemporaryDirectory() as folder:
        runs = [evenhand.open_run(path) for path in (map(Path, arguments) if arguments else _audited(Path(folder)))]
        rows = [row for run in runs for row in policy_rows(run.findings.tried, run.plan.mitigations)]
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8"), policy_table(rows)), encoding="utf-8")
    sys.stdout.write(policy_table(rows) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
