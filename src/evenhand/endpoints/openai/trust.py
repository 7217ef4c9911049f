"""Which certificates are trusted, and what to do where one is not."""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from pathlib import Path

from evenhand.errors import EndpointError

__all__ = ["certificate_advice", "trusted"]

_VARIABLE = "SSL_CERT_FILE"


def trusted(environment: Mapping[str, str] = os.environ) -> ssl.SSLContext:
    """The certificates of this machine, and those in the file that `SSL_CERT_FILE` names.

    Raises:
        EndpointError: That file cannot be read, or holds no certificates.
    """
    context = ssl.create_default_context()
    name = environment.get(_VARIABLE, "")
    if not name:
        return context
    if not Path(name).is_file():
        raise EndpointError(f"{_VARIABLE} names {name!r}, which is not a file; name a PEM file, or unset it.")
    try:
        context.load_verify_locations(cafile=name)
    except (ssl.SSLError, OSError) as error:
        raise EndpointError(
            f"{_VARIABLE} names {name!r}, which holds no certificates in PEM form ({error.strerror or error})."
        ) from error
    return context


def certificate_advice(environment: Mapping[str, str] = os.environ) -> str:
    """What to do about a certificate that is not trusted."""
    name = environment.get(_VARIABLE, "")
    now = f"it names {name!r} now" if name else "it is not set now"
    return (
        f"if the server or a proxy has a certificate of your own authority, name its PEM file in {_VARIABLE} ({now}); "
        "otherwise check --base-url"
    )
