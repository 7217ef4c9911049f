"""The user's last turn, put differently."""

from __future__ import annotations

from msgspec.structs import replace

from evenhand.mitigate.texts import rendered
from evenhand.records.message import Message

__all__ = ["reworded"]


def reworded(messages: tuple[Message, ...], *, template: str) -> tuple[Message, ...]:
    """The conversation with the user's last turn as a prompt words it, which names it `question`.

    A conversation without a turn of the user stays as it is.
    """
    last = max((index for index, message in enumerate(messages) if message.role == "user"), default=None)
    if last is None:
        return messages
    turn = replace(messages[last], content=rendered(template, question=messages[last].content))
    return (*messages[:last], turn, *messages[last + 1 :])
