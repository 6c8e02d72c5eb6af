"""A demo that is asked to end by any signal ends in order, wherever it is."""

import asyncio
import signal
from collections.abc import Iterator

import pytest

from detector.demo.cli import as_interrupt


@pytest.fixture
def terminated() -> Iterator[None]:
    """SIGTERM is taken as the demo does."""
    before = signal.signal(signal.SIGTERM, as_interrupt), signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGTERM, before[0])
    signal.signal(signal.SIGINT, before[1])


@pytest.mark.usefixtures("terminated")
def test_in_an_event_loop_the_main_task_is_cancelled_and_no_step_is_torn() -> None:
    """Raised in the middle of another task's step it broke the loop: tasks were destroyed with a trace of each."""
    whole: list[str] = []

    async def beside() -> None:
        signal.raise_signal(signal.SIGTERM)
        whole.append("the step went on")

    async def main() -> None:
        try:
            await asyncio.create_task(beside())
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            whole.append("cancelled")
            raise

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(main())
    assert whole == ["the step went on", "cancelled"]


@pytest.mark.usefixtures("terminated")
def test_elsewhere_it_is_an_interrupt_also_where_ctrl_c_is_not_heard() -> None:
    for heard in (signal.default_int_handler, signal.SIG_IGN):
        signal.signal(signal.SIGINT, heard)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)
