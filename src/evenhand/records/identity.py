"""Names of findings, made from their fields. They are for links and lists; nothing reads them back."""

from __future__ import annotations

from msgspec.structs import asdict

from evenhand.records.condition import Condition
from evenhand.records.finding import Finding

__all__ = ["finding_id"]

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")


def finding_id(finding: Finding) -> str:
    """A name that no other finding of a report has, whatever models, factors and levels are called.

    Parts are joined by `/`, fields of a part by `:`; every other character than letters, digits and `_.-` is written
    as `~` and its bytes in hexadecimal, so that two different findings never share a name. It is a valid HTML anchor.
    """
    quantity = finding.quantity
    parts = [
        _part(finding.measure),
        _part(finding.model),
        _part(finding.kind),
        *(f"{name}:{_part(value)}" for name, value in _told(finding.where)),
        ":".join(_part(group) for group in (finding.arms.arm, finding.arms.baseline) if group is not None),
        *(
            ":".join(_part(word) for word in (one.factor, one.level, one.reference) if word is not None)
            for one in finding.contrast
        ),
        ":".join(_part(word) for word in (quantity.name, quantity.scale, quantity.tag) if word is not None),
    ]
    return "/".join(parts)


def _told(where: Condition) -> list[tuple[str, str]]:
    usual = asdict(Condition())
    return [(name, value) for name, value in asdict(where).items() if value is not None and value != usual[name]]


def _part(word: str) -> str:
    return "".join(character if character in _PLAIN else _escaped(character) for character in word)


def _escaped(character: str) -> str:
    return "~" + character.encode("utf-8", "surrogatepass").hex() + "~"
