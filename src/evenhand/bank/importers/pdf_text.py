"""The text of a PDF file, page by page."""

from __future__ import annotations

from pathlib import Path

from evenhand.errors import BankError, MissingExtraError

__all__ = ["pdf_text"]


def pdf_text(path: Path) -> str:
    """The text of all pages, with a form feed between two pages.

    Raises:
        MissingExtraError: pypdf is not installed.
        BankError: The file is no PDF, is locked by a password, or holds pictures of pages only.
    """
    try:
        import pypdf
        from pypdf.errors import PyPdfError
    except ImportError as cause:
        raise MissingExtraError("reading PDF needs pypdf; install it with: pip install 'evenhand[pdf]'") from cause
    if not path.is_file():
        raise BankError(f"{str(path)!r} cannot be read (no such file); check the path")
    try:
        pages = [page.extract_text() for page in pypdf.PdfReader(path).pages]
    except (PyPdfError, ValueError, OSError) as cause:
        raise BankError(
            f"{str(path)!r} cannot be read as PDF ({cause}); save it without a password, or as text"
        ) from cause
    if not any(page.strip() for page in pages):
        raise BankError(f"{str(path)!r} holds no text, only pictures of pages; run character recognition on it first")
    return "\f".join(pages)
