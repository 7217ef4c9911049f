"""Every error evenhand raises on purpose, and the exit code each one ends a command with.

```
EvenhandError                 1   anything we foresaw; the message is one sentence a person can act on
├── UsageError                2   the request cannot be meant: unknown name, contradictory options
├── InputError                3   a file or table is not what it must be (bank, cohort, predictions, plan)
│   ├── BankError                 a bank or an item
│   ├── CohortError               a cohort, a profile or a fact
│   ├── PlanError                 a plan: edited by hand, or not the one this store was made from
│   ├── PolicyError               a policy of the gate
│   └── TableError                a table of predictions or scores
├── StoreError                4   the run directory: newer version, read-only, disk full, locked
├── EndpointError             5   the assistant could not be asked at all (no key, no server, bad model name)
│   └── MissingExtraError         an optional dependency is not installed
├── BudgetExceeded            6   a stated budget ended the run cleanly; resume to go on
├── GateFailed                7   the gate's policy was not met
├── GateInconclusive          8   the run settles the policy neither way
├── RunHalted                     asking on would only have failed more; what was answered is safe
│   ├── SameError             9   the server declined the same way again and again
│   ├── NoAnswers            10   no cell of a model had a usable answer
│   └── MostlyFailed         11   the server is gone, or most of the last cells got no answer
├── LocalError               12   this machine, not the assistant, ran out of something (open files, memory, ports)
├── GateNotAssessable        13   the run cannot answer what the gate's policy asks
└── MemoryLeak               14   the assistant's memory told one user's fact to another, or kept it after `forget`
```

A message names the offending value, what was allowed, and the next step. Errors of single trials never
travel as exceptions beyond the runner: they are outcomes (`evenhand.records.trial`).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import ClassVar

__all__ = [
    "BankError",
    "BudgetExceeded",
    "CohortError",
    "EndpointError",
    "EvenhandError",
    "GateFailed",
    "GateInconclusive",
    "GateNotAssessable",
    "InputError",
    "LocalError",
    "MemoryLeak",
    "MissingExtraError",
    "MostlyFailed",
    "NoAnswers",
    "PlanError",
    "PolicyError",
    "RunHalted",
    "SameError",
    "StoreError",
    "TableError",
    "UsageError",
    "near_miss",
]


class EvenhandError(Exception):
    """Base of every foreseen error; its text is shown to the user without a traceback.

    Example:
        >>> import evenhand
        >>> try:
        ...     evenhand.open_run("runs/none")
        ... except evenhand.EvenhandError as error:
        ...     print(type(error).__name__, error.exit_code)
        StoreError 4
    """

    exit_code: ClassVar[int] = 1


class UsageError(EvenhandError):
    """The request cannot be meant as it stands."""

    exit_code = 2


class InputError(EvenhandError):
    """A file or table is not what it must be."""

    exit_code = 3


class BankError(InputError):
    """A bank or one of its items is unusable."""


class CohortError(InputError):
    """A cohort, a profile or a fact is unusable."""


class PlanError(InputError):
    """A plan was edited, or is not the plan this store belongs to."""


class PolicyError(InputError):
    """A policy of the gate cannot be read, or contradicts itself."""


class TableError(InputError):
    """A table of predictions or scores lacks what the analysis needs."""


class StoreError(EvenhandError):
    """The run directory cannot be read or written."""

    exit_code = 4


class EndpointError(EvenhandError):
    """The assistant cannot be asked at all."""

    exit_code = 5


class MissingExtraError(EndpointError):
    """An optional dependency is not installed; the message names the extra."""


class BudgetExceeded(EvenhandError):
    """A stated budget was used up; what was answered is safe and the run can be resumed."""

    exit_code = 6


class GateFailed(EvenhandError):
    """The gate's policy was not met."""

    exit_code = 7


class GateInconclusive(EvenhandError):
    """The run settles the gate's policy neither way."""

    exit_code = 8


class GateNotAssessable(EvenhandError):
    """The run cannot answer what the gate's policy asks: it was not asked, or its answers could not have shown it."""

    exit_code = 13


class RunHalted(EvenhandError):
    """A model was given up; what was answered is safe and the run can be resumed."""


class SameError(RunHalted):
    """The server declined several requests in the same words."""

    exit_code = 9


class NoAnswers(RunHalted):
    """No cell of a model had a usable answer."""

    exit_code = 10


class MostlyFailed(RunHalted):
    """Many cells in a row, or most of the last ones, got no answer."""

    exit_code = 11


class LocalError(EvenhandError):
    """This machine ran out of something; it says nothing about the assistant."""

    exit_code = 12


class MemoryLeak(EvenhandError):
    """The assistant's memory gave what was stored for one user to another; nothing was asked after that."""

    exit_code = 14


def near_miss(name: str, known: Iterable[str]) -> str:
    """` (did you mean 'x'?)` for a name close to a known one; otherwise the empty string."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f" (did you mean {close[0]!r}?)" if close else ""
