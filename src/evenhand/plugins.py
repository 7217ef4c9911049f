"""Third-party parts, found by entry points."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points

from evenhand.errors import UsageError, near_miss

__all__ = ["load_plugin", "plugin_names"]


def plugin_names(group: str) -> tuple[str, ...]:
    """Names registered under an entry point group, sorted."""
    return tuple(sorted({entry.name for entry in entry_points(group=group)}))


def load_plugin(group: str, name: str) -> object:
    """What is registered under a name.

    Raises:
        UsageError: Nothing is, or it cannot be imported.
    """
    found: list[EntryPoint] = [entry for entry in entry_points(group=group) if entry.name == name]
    if not found:
        known = plugin_names(group)
        raise UsageError(
            f"There is no {name!r} in {group!r}{near_miss(name, known)}; installed: {', '.join(known) or 'none'}."
        )
    try:
        plugin: object = found[0].load()
    except (ImportError, AttributeError) as error:
        raise UsageError(
            f"The plug-in {name!r} ({found[0].value}) could not be loaded ({error}); reinstall or remove it."
        ) from error
    return plugin
