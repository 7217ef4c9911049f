"""Measure what stored user memory does to an LLM assistant's emotional reasoning.

The names below are the whole public face; each is loaded when it is first used. An audit in Python:

```python
import evenhand

run = evenhand.audit("simulated/tilted", "runs/example")
run.findings          # every number; run.scores is the long table, run.report the page
```
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
