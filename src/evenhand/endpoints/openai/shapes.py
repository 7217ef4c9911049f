"""Bodies of another shape than a chat answer's, brought into its shape: an envelope, a bare text, a text completion."""

from __future__ import annotations

__all__ = ["reshaped"]

_ENVELOPES = ("data", "result", "response", "output", "body")
"""Fields in which gateways put the whole answer."""


def reshaped(found: object) -> object:
    """A parsed body in the shape of a chat answer, as far as it can be told; anything else as it is."""
    answer = _unwrapped(found)
    if not isinstance(answer, dict) or not isinstance(answer.get("choices"), list):
        return found
    return answer | {"choices": [_choice(choice) for choice in answer["choices"]]}


def _unwrapped(found: object) -> object:
    """What an envelope holds; its own error stays an error."""
    if not isinstance(found, dict) or "choices" in found or found.get("error"):
        return found
    inner = next((found[name] for name in _ENVELOPES if isinstance(found.get(name), dict)), None)
    return inner if isinstance(inner, dict) and "choices" in inner else found


def _choice(choice: object) -> object:
    """A choice with a message: its own, a text in its place, or the text of a completion."""
    if not isinstance(choice, dict) or isinstance(choice.get("message"), dict):
        return choice
    said = choice.get("message") if choice.get("message") is not None else choice.get("text")
    return choice | {"message": {"content": said}} if isinstance(said, str | list) else choice
