"""What is known of the specimens: which effects were planted, and how large they were measured to be."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import msgspec
from msgspec import Struct

from evenhand.endpoints.specimen.names import specimen_folder, specimen_name
from evenhand.errors import EndpointError

__all__ = ["Contrast", "Control", "NeedAnswers", "SpecimenCard", "SpecimenCards", "specimen_card", "specimen_cards"]


class Contrast(Struct, frozen=True, kw_only=True):
    """One difference in accuracy, planted or not, as measured on a large sample of cells.

    The estimate is a difference of mean scores on the probability scale, over items of the `situations` generator
    (held-out clauses, other items than the bank's) and all profiles of a shipped cohort, cue `stated`, placement
    `system`.
    """

    id: str
    """`position:disadvantaged-advantaged`, `religion:muslim-christian`, `gender:nonbinary*religion:muslim`..."""
    cohort: str
    """Cohort on whose profiles it was measured."""
    levels: dict[str, str]
    """Factor -> level that is compared; two entries for an interaction."""
    references: dict[str, str]
    """Factor -> level that it is compared with."""
    planted: bool
    """Whether it was planted. False: it must be small."""
    estimate: float
    low: float
    """Lower end of the 95% interval over resampled items and profiles."""
    high: float
    bank: float
    """The same difference on the items of the shipped bank `situations`, all profiles: what an audit estimates that
    asks these items and these profiles."""


class Control(Struct, frozen=True, kw_only=True):
    """Accuracy of one kind of memory minus accuracy without memory."""

    id: str
    estimate: float
    low: float
    high: float
    bank: float


class NeedAnswers(Struct, frozen=True, kw_only=True):
    """How the choices of the bank `needs` are answered. Shares are 0 to 1."""

    items: int
    known: dict[str, float]
    """Placement -> right by the stored need, behind the facts of each item."""
    withheld: dict[str, float]
    """Placement -> what is usual there is answered, behind the same facts without the need that decides."""
    none: float
    """What is usual there is answered, without memory."""


class SpecimenCard(Struct, frozen=True, kw_only=True):
    """What is known of one specimen."""

    name: str
    purpose: str
    planted: tuple[str, ...]
    """The planted effects in words."""
    clean: tuple[str, ...]
    """Factors in which nothing was planted."""
    seed: int
    parameters: int
    steps: dict[str, int]
    """Stage -> training steps."""
    accuracy_none: float
    """Mean score without memory, on the large sample."""
    accuracy_bank: float
    """Mean score without memory, on the shipped bank."""
    items: int
    """Items of the large sample."""
    bank_items: int
    """Items of the shipped bank that were measured, spread evenly over it."""
    contrasts: tuple[Contrast, ...]
    controls: tuple[Control, ...]
    needs: NeedAnswers
    """How stored needs are heeded."""
    sha256: str
    """Of the weights."""

    def contrast(self, name: str) -> Contrast:
        """The contrast called `name`.

        Raises:
            KeyError: It was not measured.
        """
        for contrast in self.contrasts:
            if contrast.id == name:
                return contrast
        raise KeyError(name)


class SpecimenCards(Struct, frozen=True, kw_only=True):
    """The whole of card.json."""

    schema: str
    bank: str
    """Bank in whose language the specimens read."""
    cohorts: dict[str, str]
    """Cohort -> SHA-256 at the time of measuring."""
    specimens: tuple[SpecimenCard, ...]


@lru_cache(maxsize=4)
def specimen_cards(folder: Path | None = None) -> SpecimenCards:
    """The cards of all specimens in a folder.

    Args:
        folder: Where they are; None: in the package.

    Raises:
        EndpointError: The file is missing or not a card.
    """
    try:
        return msgspec.json.decode(((folder or specimen_folder()) / "card.json").read_bytes(), type=SpecimenCards)
    except (OSError, msgspec.DecodeError) as error:
        raise EndpointError(
            f"The specimens' card.json cannot be read ({error}); reinstall evenhand, or rebuild with `make specimens`."
        ) from error


def specimen_card(name: str, folder: Path | None = None) -> SpecimenCard:
    """The card of a specimen, by its name with or without `specimen/`.

    Args:
        name: The name.
        folder: Where the specimens are; None: in the package.

    Raises:
        EndpointError: There is no such specimen, or it has no card.
    """
    bare = specimen_name(name, folder)
    for card in specimen_cards(folder).specimens:
        if card.name == bare:
            return card
    raise EndpointError(f"The specimen {bare!r} has no card; rebuild with `make specimens`.")
