"""Measure what stored user memory does to an LLM assistant's emotional reasoning.

The names below are the whole public face; each is loaded when it is first used. A run in Python:

```python
from datetime import UTC, datetime
from pathlib import Path

import evenhand

wishes = evenhand.Wishes(
    models=(evenhand.ModelSpec(name="simulated/tilted"),),
    preset="quick",
    design=evenhand.preset_design("quick"),
)
plan = evenhand.make_plan(wishes, now=datetime.now(UTC))
report, findings = evenhand.audit(plan, Path("runs/example"))
```
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
