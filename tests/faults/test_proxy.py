"""The proxy does to bytes what its weather says: a fault that does not happen would keep every promise."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from detector.localkafka.cluster import free_ports
from tests.faults.proxy import Proxy, Weather

PATIENCE_SECONDS = 20.0
QUIET_SECONDS = 0.3


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    """In front of a server that sends everything back."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def echo(connection: socket.socket) -> None:
            with connection, contextlib.suppress(OSError):
                while data := connection.recv(1 << 16):
                    connection.sendall(data)

        def accept() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                threading.Thread(target=echo, args=(connection,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        with Proxy(free_ports(1)[0], server.getsockname()[1]) as proxy:
            yield proxy
        server.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def client(proxy: Proxy) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", proxy.port), PATIENCE_SECONDS) as client:
        yield client


def silent(client: socket.socket) -> bool:
    """Whether nothing comes for a while."""
    client.settimeout(QUIET_SECONDS)
    try:
        return not client.recv(10)
    except TimeoutError:
        return True
    finally:
        client.settimeout(PATIENCE_SECONDS)


def test_in_fair_weather_everything_passes(client: socket.socket) -> None:
    client.sendall(b"here")
    assert client.recv(10) == b"here"


def test_a_stall_holds_everything_back_and_loses_nothing(proxy: Proxy, client: socket.socket) -> None:
    proxy.weather = Weather("stall")
    client.sendall(b"here")
    assert silent(client)
    proxy.weather = Weather()
    assert client.recv(10) == b"here"


@pytest.mark.parametrize("fault", ["drop-c2s", "drop-s2c"])
def test_a_dropped_direction_swallows_what_comes(proxy: Proxy, client: socket.socket, fault: str) -> None:
    proxy.weather = Weather(fault)  # type: ignore[arg-type] # one of its faults
    client.sendall(b"gone")
    assert silent(client)
    proxy.weather = Weather()
    client.sendall(b"here")
    assert client.recv(10) == b"here"


def test_a_reset_hangs_up_and_serves_who_comes_again(proxy: Proxy, client: socket.socket) -> None:
    client.sendall(b"here")
    assert client.recv(10) == b"here"
    proxy.reset()
    with pytest.raises(ConnectionResetError):
        client.recv(10)
    with socket.create_connection(("127.0.0.1", proxy.port), PATIENCE_SECONDS) as again:
        again.sendall(b"there")
        assert again.recv(10) == b"there"


@pytest.mark.parametrize("weather", [Weather(latency=0.1), Weather(throttle=40)])
def test_latency_and_a_throttle_take_their_time(proxy: Proxy, client: socket.socket, weather: Weather) -> None:
    proxy.weather = weather
    began = time.monotonic()
    client.sendall(b"four")
    assert client.recv(10) == b"four"
    assert time.monotonic() - began >= 0.19
