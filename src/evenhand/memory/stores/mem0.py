"""`--store mem0`: mem0's memory, in this process: a model extracts what is worth keeping, vectors find it again.

Its telemetry is off, and its files are in folders of this process alone, deleted at the end; both are decided before it
is imported. Its search asks for the user by a filter, and its list is told to stop at no small number.
"""

from __future__ import annotations

import asyncio
import atexit
import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

from evenhand.endpoints.base import AskError
from evenhand.endpoints.redact import cut, remember
from evenhand.errors import EndpointError, MissingExtraError, UsageError
from evenhand.memory.stores.store import MemoryStore, StoreAdapter, checked_options, positive
from evenhand.records.message import ProductUser

__all__ = ["MEM0"]

_NAME = "mem0"
_NEEDED = ("llm", "embedder", "dims")
_KNOWN = {"base_url": "", "key_env": "OPENAI_API_KEY", "k": "5", "threshold": "0.1"}
_MOST = 10_000
"""Memories of one user that are listed; mem0 itself stops at 20."""
_NO_KEY = "none"
"""What is sent to a server of the user's own where no key is set."""
_PROMPT_TOKENS = 8000
"""Tokens of prompt that one call of `add` sends, about."""

_Result = TypeVar("_Result")


class Mem0Store:
    """mem0 with a local vector store.

    Everything is done in one thread: its local store is not made for several.

    Args:
        options: `llm`, `embedder`, `dims`, and perhaps `base_url`, `key_env`, `k` and `threshold`.

    Raises:
        MissingExtraError: It is not installed.
        EndpointError: Its key is missing, or it would ask another server than the one that is named.
    """

    def __init__(self, options: Mapping[str, str]) -> None:
        given = _options(options)
        self._k, self._threshold = positive(given, "k", store=_NAME), float(given["threshold"])
        key = _key(given)
        if os.environ.get("OPENROUTER_API_KEY"):
            raise EndpointError(
                "mem0 sends its prompts to OpenRouter while OPENROUTER_API_KEY is set, whatever address is named; "
                "unset it for this run."
            )
        os.environ["MEM0_TELEMETRY"] = "False"
        os.environ["MEM0_DIR"] = str(_home())
        try:
            from mem0 import Memory
        except ImportError as error:
            raise _missing() from error
        _refuse_telemetry()
        self._folder = Path(tempfile.mkdtemp(prefix="evenhand-mem0-"))
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="evenhand-mem0")
        self._memory: Any = self._thread.submit(Memory.from_config, self._config(given, key)).result()

    async def write(self, user: ProductUser) -> None:
        """Add each fact, or each exchange of the conversation, as mem0 is given what was just said.

        Raises:
            AskError: Its model or its vectors failed.
        """
        pairs = [user.turns[place : place + 2] for place in range(0, len(user.turns), 2)]
        said = [[{"role": turn.role, "content": turn.content} for turn in pair] for pair in pairs]
        facts = [[{"role": "user", "content": fact}] for fact in user.facts]
        for messages in said or facts:
            await self._do(partial(self._memory.add, messages, user_id=user.id))

    async def find(self, user: str, query: str) -> tuple[str, ...]:
        """The memories that fit a message.

        Raises:
            AskError: Its vectors failed.
        """
        return _texts(
            await self._do(
                lambda: self._memory.search(query, filters={"user_id": user}, top_k=self._k, threshold=self._threshold)
            )
        )

    async def everything(self, user: str) -> tuple[str, ...]:
        """Every memory of a user.

        Raises:
            AskError: They could not be listed.
        """
        return _texts(await self._do(lambda: self._memory.get_all(filters={"user_id": user}, top_k=_MOST)))

    async def clear(self, user: str) -> None:
        """Delete every memory of a user.

        Raises:
            AskError: They were not deleted.
        """
        await self._do(lambda: self._memory.delete_all(user_id=user))

    async def aclose(self) -> None:
        """Close its files and delete them."""
        try:
            await self._do(self._memory.close)
        finally:
            self._thread.shutdown(wait=False, cancel_futures=True)
            shutil.rmtree(self._folder, ignore_errors=True)

    async def _do(self, work: Callable[[], _Result]) -> _Result:
        """Do something in mem0's thread; whatever it raises is told as its failure."""
        try:
            return await asyncio.wrap_future(self._thread.submit(work))
        except asyncio.CancelledError:
            raise
        except Exception as error:  # a library of somebody else: any of its errors is a failure of the store
            raise AskError(cut(f"mem0 raised {type(error).__name__}: {error}")) from error

    def _config(self, given: Mapping[str, str], key: str) -> dict[str, Any]:
        server = {"api_key": key} | ({"openai_base_url": given["base_url"]} if given["base_url"] else {})
        dims = positive(given, "dims", store=_NAME)
        return {
            "llm": {"provider": "openai", "config": {"model": given["llm"], "temperature": 0.0, **server}},
            "embedder": {
                "provider": "openai",
                "config": {"model": given["embedder"], "embedding_dims": dims, **server},
            },
            "vector_store": {
                "provider": "qdrant",
                "config": {
                    "collection_name": "evenhand",
                    "path": str(self._folder / "vectors"),
                    "embedding_model_dims": dims,
                },
            },
            "history_db_path": str(self._folder / "history.db"),
        }


@cache
def _home() -> Path:
    """The folder of mem0's own settings in this process: it reads the variable once, when it is imported."""
    home = Path(tempfile.mkdtemp(prefix="evenhand-mem0-home-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    return home


def _texts(found: Any) -> tuple[str, ...]:
    return tuple(str(one["memory"]) for one in found["results"])


def _key(given: Mapping[str, str]) -> str:
    key = os.environ.get(given["key_env"], "").strip()
    if not key and not given["base_url"]:
        raise EndpointError(
            f"mem0 needs a key in the environment variable {given['key_env']!r}, which is not set; set it, name "
            "another with key_env, or name a server of your own with base_url."
        )
    if key:
        remember(key)
    return key or _NO_KEY


def _refuse_telemetry() -> None:
    """Raise where mem0 was imported before its telemetry was switched off.

    Raises:
        EndpointError: It was.
    """
    module = sys.modules.get("mem0.memory.telemetry")
    if module is not None and getattr(module, "MEM0_TELEMETRY", False):
        raise EndpointError(
            "mem0 was imported in this process before its telemetry was switched off; set MEM0_TELEMETRY=False and "
            "start again."
        )


def _options(options: Mapping[str, str]) -> dict[str, str]:
    return checked_options(options, store=_NAME, needed=_NEEDED, known=_KNOWN)


def _check(options: Mapping[str, str]) -> None:
    given = _options(options)
    for name in ("dims", "k"):
        positive(given, name, store=_NAME)
    try:
        sound = 0.0 <= float(given["threshold"]) <= 1.0
    except ValueError:
        sound = False
    if not sound:
        raise UsageError(f"the option threshold of the store 'mem0' is {given['threshold']!r}; write 0 to 1")


def _about(options: Mapping[str, str]) -> dict[str, str]:
    """Its version, the hash of its prompts, and what it leaves out in silence because a library is not there."""
    try:
        about = {"mem0ai": version("mem0ai"), "qdrant-client": version("qdrant-client")}
    except PackageNotFoundError as error:
        raise _missing() from error
    spec = find_spec("mem0")
    folders = [] if spec is None else list(spec.submodule_search_locations or [])
    for folder in folders:
        prompts = Path(folder) / "configs" / "prompts.py"
        if prompts.is_file():
            about["prompts"] = hashlib.sha256(prompts.read_bytes()).hexdigest()
    for part, library in (("keyword search", "fastembed"), ("entities", "spacy")):
        about[part] = "on" if find_spec(library) is not None else f"off: {library} is not installed"
    return about


def _missing() -> MissingExtraError:
    return MissingExtraError(
        f"--store {_NAME} needs the extra 'stores'; install it with: pip install 'evenhand[stores]'."
    )


def _open(options: Mapping[str, str]) -> MemoryStore:
    return Mem0Store(options)


MEM0 = StoreAdapter(name=_NAME, open=_open, check=_check, about=_about, write_tokens=_PROMPT_TOKENS)
