"""A direction between two versions of the same users, and how well it tells them apart."""

from __future__ import annotations

from msgspec import Struct

__all__ = ["SteeringCard"]


class SteeringCard(Struct, frozen=True, kw_only=True):
    """How a steering file was made."""

    evenhand: str
    """Version that made it."""
    base: str
    """The model."""
    place: str
    """The module whose output is steered."""
    cohort: str
    """Whose versions are contrasted."""
    cohort_sha256: str
    """Hash of the cohort."""
    factor: str
    """The factor in which the two versions differ."""
    level: str
    """Where the direction points."""
    reference: str
    """Where it points from."""
    questions: str
    """Name of the questions that were asked behind the memories."""
    pairs: int
    """Pairs of versions that the direction is the mean difference of."""
    held_pairs: int
    """Pairs that it was tried on, none of them among those."""
    held_right: int
    """Held pairs whose two versions the direction puts the right way round."""
    held_distance: float
    """Mean distance of the two versions of held pairs along the direction, over the distance of the pairs it is made
    from; 1: as far apart."""
    seed: int
    """Root seed of the choice of pairs and questions."""
    sha256: str
    """Hash of the steering file."""
