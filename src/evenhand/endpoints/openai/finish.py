"""What a server's reason for stopping means, by the stem of its word.

Servers spell the same reason in many ways: `length`, `MAX_TOKENS`, `model_length`, `FINISH_REASON_SAFETY`.
"""

from __future__ import annotations

import re
from typing import Literal

__all__ = ["Finish", "finish_of"]

Finish = Literal["stop", "length", "content_filter", "fault", "other"]
"""Done, cut for want of tokens, blocked by the provider, broken off by a fault (no answer: worth another attempt), or
a reason that is not known, after which an answer counts only when its whole text is one claim."""

_BLOCKED = re.compile(
    r"filter|safety|unsafe|recit|blocklist|block|sensitive|prohibit|spii|refus|moderat|content_policy|policy|guardrail"
    r"|intervened|violat|flagged|declin|copyright|harm|forbidden|toxic|censor|hate|violen|sexual|jailbreak|blacklist|risk|^language$"
)
_FAULT = re.compile(
    r"error|cancel|abort|time_?out|timed|time_?limit|deadline|insufficient|resource|fail|overload|interrupt|unavailable"
    r"|malform|disconnect|rate_?limit|exception|internal|crash|preempt|killed|shut_?down|expired|evict|invalid|fault|lost"
)
_CUT = re.compile(r"window|trunc|budget|incomplete|\bmax|_max|limit|quota|too_long|cut")
_END = re.compile(r"\W*(?:eos|eot|(?:im_)?end|endoftext)(?:_|\b)")
"""An end mark of the model itself, such as `eos_token`, whatever else its name holds."""
_DONE = re.compile(r"stop|end|complet|finish|done|success|normal|ok$|natural|null$|none$|$")


def finish_of(reason: object) -> Finish:
    """What `reason` means. None, an empty text and a missing reason are an ordinary end."""
    if reason is None or reason is False:
        return "stop"
    if not isinstance(reason, str):
        return "other"
    words = re.sub(r"[\s-]+", "_", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", reason.strip())).lower()
    words = re.sub(r"(?:finish|stop)_?reason[:_]*", "", words)
    if _END.match(words):
        return "stop"
    if words.startswith("stop_"):
        return "stop"
    if _BLOCKED.search(words):
        return "content_filter"
    if re.search(r"token|length|context|num_predict", words) and not re.search(r"error|cancel|abort|invalid", words):
        return "length"
    if _FAULT.search(words):
        return "fault"
    if _CUT.search(words):
        return "length"
    return "stop" if _DONE.match(words) else "other"
