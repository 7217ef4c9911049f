"""Do specimens of other seeds hold what those of the first one do? Audits each folder and prints one table.

`python -m specimens.seeds build/seed-1 build/seed-2`, each made by `python -m specimens --seed N --out build/seed-N`.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from evenhand.endpoints.specimen.card import SpecimenCard, specimen_card
from evenhand.records.finding import Finding
from evenhand.selftest.audits import SpecimenAudit, audit_specimens
from specimens.card import points

__all__ = ["main"]

_AUDIT_SEED = 20251009
"""The seed of the selftest: it was not chosen for these specimens."""


def main() -> None:
    """Parse the command line and print."""
    parser = argparse.ArgumentParser(description="Audit specimens of several seeds.")
    parser.add_argument("folders", type=Path, nargs="+", help="where each seed's specimens are")
    parser.add_argument("--seed", type=int, default=_AUDIT_SEED, help="root seed of the audits")
    options = parser.parse_args()
    audits = [audit_specimens(options.seed, folder=folder) for folder in options.folders]
    cards = [(specimen_card("tilted", folder), specimen_card("level", folder)) for folder in options.folders]
    sys.stdout.write("\n".join(_table(cards, audits)) + "\n")


def _table(cards: list[tuple[SpecimenCard, SpecimenCard]], audits: list[SpecimenAudit]) -> list[str]:
    heads = [f"seed {tilted.seed}: {what}" for tilted, _ in cards for what in ("card", "audit")]
    lines = ["| | " + " | ".join(heads) + " |", "| --- |" + " ---: |" * len(heads)]
    for row, (effect, _) in enumerate(audits[0].planted):
        pairs = [audit.planted[row] for audit in audits]
        cells = [cell for e, finding in pairs for cell in (points(e.estimate, e.low, e.high), _found(finding))]
        lines.append(f"| {' and '.join(effect.levels.values())} | " + " | ".join(cells) + " |")
    lines.append("| `tilted`, largest clean contrast | " + " | ".join(f"{_largest(t)} | " for t, _ in cards) + "|")
    lines.append("| `level`, largest contrast | " + " | ".join(f"{_largest(level)} | " for _, level in cards) + "|")
    for row, finding in enumerate(audits[0].level):
        cells = [cell for audit in audits for cell in ("", _found(audit.level[row]))]
        lines.append(f"| `level`, {finding.measure} | " + " | ".join(cells) + " |")
    return lines


def _found(finding: Finding) -> str:
    if finding.value is None or finding.low is None or finding.high is None:
        return "not estimated"
    return f"{points(finding.value, finding.low, finding.high)} {finding.verdict}"


def _largest(card: SpecimenCard) -> str:
    """The main contrast of a clean factor that lies farthest from zero."""
    clean = [c for c in card.contrasts if len(c.levels) == 1 and set(c.levels) <= set(card.clean)]
    found = max(clean, key=lambda contrast: abs(contrast.estimate))
    return f"{points(found.estimate, found.low, found.high)} `{found.id}`"


if __name__ == "__main__":
    main()
