"""Work done ahead in a process of its own: while one lesson is learnt, the next is drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import TypeVar

__all__ = ["ahead"]

T = TypeVar("T")


def _send(out: Connection, make: Callable[..., Iterator[object]], args: tuple[object, ...]) -> None:
    with out:
        for item in make(*args):
            try:
                out.send(item)
            except BrokenPipeError:  # whoever takes them has enough
                return


@contextmanager
def ahead(make: Callable[..., Iterator[T]], *args: object) -> Iterator[Iterator[T]]:
    """What `make(*args)` yields, made in another process, in the same order and with the same random numbers.

    The other process is about one item ahead: it waits until what it has sent is taken.

    Args:
        make: A function of a module, whose items can be sent to another process.
        args: Its arguments.

    Yields:
        The items; taking the next raises `ChildProcessError` where the other process failed.
    """
    context = get_context("spawn")
    come, out = context.Pipe(duplex=False)
    process = context.Process(target=_send, args=(out, make, args))
    process.start()
    out.close()
    try:
        yield _received(come, process)
    finally:
        come.close()
        process.join()


def _received(come: Connection, process: BaseProcess) -> Iterator[T]:
    while True:
        try:
            item: T = come.recv()
        except EOFError:
            process.join()
            if process.exitcode:
                message = f"the process that works ahead ended with exit code {process.exitcode}; its error is above"
                raise ChildProcessError(message) from None
            return
        yield item
