"""Several observers where the worker knows one: each hears every call, in the order given."""

from collections.abc import Callable, Sequence
from typing import Any

from detector.streaming.observer import Observer, Silence


class Audience(Silence):
    """Passes every call of the worker on to all of `observers`."""

    def __init__(self, *observers: Observer) -> None:
        for name in vars(Observer):
            if not name.startswith("_"):
                setattr(self, name, _each([getattr(observer, name) for observer in observers]))


def _each(calls: Sequence[Callable[..., None]]) -> Callable[..., None]:
    def tell(*args: Any, **named: Any) -> None:
        for call in calls:
            call(*args, **named)

    return tell
