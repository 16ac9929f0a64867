"""``ferbench ui``: MLflow's pages on this machine only."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from ferbench.errors import TrackingError
from ferbench.rights import make_folder
from ferbench.sentences import Setting, Text
from ferbench.telemetry import OFF
from ferbench.tracking import page_key
from ferbench.tracking.query import newest_run
from ferbench.tracking.store import Store
from ferbench.tracking.view import SWEEP_KEY, VIEW_KEY, runs_page

LOOPBACK: Final = "127.0.0.1"
DEFAULT_PORT: Final = 5000
NUM_PORTS: Final = 20
_THREADS: Final = 8
_STARTUP_S: Final = 120.0
_STOP_S: Final = 10.0
_KEY_BYTES: Final = 24
# Ports that browsers refuse (WHATWG Fetch, "bad port"), as far as they lie above the privileged
# ones.
REFUSED_BY_BROWSERS: Final = frozenset(
    (
        1719,
        1720,
        1723,
        2049,
        3659,
        4045,
        4190,
        5060,
        5061,
        6000,
        6566,
        *range(6665, 6670),
        6679,
        6697,
        10080,
    )
)


@contextmanager
def held_port(wanted: int | None, *, folder: Path) -> Iterator[int]:
    """A port that nobody listens on, and that no other server of this folder takes meanwhile.

    Args:
        wanted: this port and no other; None = the first free one from 5000 on (up to 20).
        folder: for the locks.

    Raises:
        TrackingError: it is no port, browsers refuse it, or it is in use.
    """
    if wanted is not None and not 1 <= wanted <= 65535:
        raise TrackingError(key="port", expected="1 to 65535", got=wanted)
    if wanted in REFUSED_BY_BROWSERS:
        raise TrackingError(f"browsers refuse to open {wanted}; choose another", key="port")
    make_folder(folder)
    ports = range(DEFAULT_PORT, DEFAULT_PORT + NUM_PORTS) if wanted is None else (wanted,)
    for port in ports:
        with ExitStack() as held:
            try:
                held.enter_context(FileLock(folder / f"ui-{port}.lock", timeout=0))
            except Timeout:
                continue
            if is_free(port):
                yield port
                return
    option = Setting("port")
    if wanted is None:
        last = DEFAULT_PORT + NUM_PORTS - 1
        hint = Text("choose another with ", option)
        raise TrackingError(f"ports {DEFAULT_PORT} to {last} are all in use", hint=hint)
    first_free = Text(", or leave ", option, " out for the first free one")
    hint = Text("choose another with ", option, first_free)
    raise TrackingError(f"port {wanted} is in use", hint=hint)


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of the loopback address now.

    Raises:
        TrackingError: this user may not listen on it at all.
    """
    with socket.socket() as probe:
        if sys.platform == "win32":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:  # connections of a server that was stopped just now do not count
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
            probe.listen(1)
        except PermissionError as error:
            raise TrackingError(
                f"{port}: {error.strerror}; choose one above 1023", key="port"
            ) from error
        except OSError:
            return False
        return True


def page(store: Store, port: int, key: str) -> str:
    """Address of the runs table of the newest experiment, with the key that opens the pages.

    Where the newest run belongs to a sweep, its cells are shown, best first.
    """
    newest = newest_run(store)
    where = "#/experiments"
    if newest is not None:
        is_of_sweep = newest.kind in ("cell", "sweep")
        views = store.views(newest.experiment_id)
        view = SWEEP_KEY if is_of_sweep and SWEEP_KEY in views else VIEW_KEY
        where = runs_page(newest.experiment_id, view)
    asked = "" if sys.platform == "win32" else f"?{page_key.QUERY}={key}"
    return f"http://{LOOPBACK}:{port}/{asked}{where}"


def command(store: Store, port: int, key: str) -> tuple[list[str], dict[str, str]]:
    """The server's command line and environment: loopback, a key, no telemetry, no job workers.

    MLflow's assistant can have programs and agents run on the machine of its server, and has no
    switch. It belongs to MLflow's server by uvicorn, the default; that by gunicorn (on Windows
    waitress) has the same pages and not the assistant. Waitress knows no key.
    """
    server, locked = "gunicorn", f" --config=python:{page_key.__name__}"
    if sys.platform == "win32":
        server, locked = "waitress", ""
    arguments = [
        sys.executable,
        "-m",
        "mlflow",
        "ui",
        "--backend-store-uri",
        store.uri,
        "--host",
        LOOPBACK,
        "--workers",
        "1",
        f"--{server}-opts",
        f"--threads={_THREADS}{locked}",
    ]
    environment = {
        **os.environ,
        **OFF,
        page_key.VARIABLE: key,
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    }
    return [*arguments, "--port", str(port)], environment


def serve(store: Store, port: int, *, folder: Path, say: Callable[[str], None]) -> None:
    """Run the server until Ctrl-C or a signal; nothing of it is left when this returns.

    Args:
        store: what to show.
        port: where.
        folder: for the server's own messages.
        say: told when it starts, and the address once it answers.

    Raises:
        TrackingError: the server ended by itself, or does not answer; names the file with its
            messages.
    """
    key = secrets.token_urlsafe(_KEY_BYTES)
    arguments, environment = command(store, port, key)
    log = folder / f"ui-{port}.log"
    say("starting MLflow's pages (stop with Ctrl-C) ...")
    with log.open("wb") as messages, _stopped_by_signals():
        server = _start(arguments, environment, messages.fileno(), folder)
        try:
            _wait_until_it_answers(server, port, log)
            say(f"runs: {page(store, port, key)}   (stop with Ctrl-C)")
            while server.poll() is None:
                time.sleep(0.2)
            raise TrackingError(
                f"the server ended by itself (exit code {server.returncode}); see {log}"
            )
        except KeyboardInterrupt:
            pass
        finally:
            _stop(server)


def _start(
    arguments: list[str], environment: dict[str, str], output: int, folder: Path
) -> subprocess.Popen[bytes]:
    """Start the server in a process group of its own: it can be stopped with all its workers."""
    return subprocess.Popen(
        arguments,
        env=environment,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=sys.platform != "win32",
        creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),  # on Windows only
    )


def _wait_until_it_answers(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = time.monotonic() + _STARTUP_S
    while time.monotonic() < end:
        if server.poll() is not None:
            raise TrackingError(
                f"the server could not start (exit code {server.returncode}); see {log}"
            )
        try:
            with urllib.request.urlopen(f"http://{LOOPBACK}:{port}/health", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise TrackingError(
        f"the server does not answer on port {port} after {_STARTUP_S:.0f} s; see {log}"
    )


def _stop(server: subprocess.Popen[bytes]) -> None:
    """End the server and its workers: politely, then without asking."""
    if sys.platform == "win32":
        subprocess.run(
            ["taskkill", "/T", "/F", "/PID", str(server.pid)], capture_output=True, check=False
        )
        server.wait()
        return
    for number, patience_s in ((signal.SIGTERM, _STOP_S), (signal.SIGKILL, _STOP_S)):
        try:
            os.killpg(server.pid, number)
        except ProcessLookupError:  # the whole group is gone
            break
        end = time.monotonic() + patience_s
        while time.monotonic() < end and _group_lives(server):
            time.sleep(0.05)
    server.wait()


def _group_lives(server: subprocess.Popen[bytes]) -> bool:
    server.poll()  # or it stays in the group as a zombie
    try:
        os.killpg(server.pid, 0)
    except ProcessLookupError:
        return False
    return True


@contextmanager
def _stopped_by_signals() -> Iterator[None]:
    """Let a stop by another program or a closed terminal end this as Ctrl-C does.

    What is ignored (nohup) stays so.
    """
    numbers = [
        getattr(signal, name) for name in ("SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)
    ]
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heeded = [number for number in numbers if signal.getsignal(number) != signal.SIG_IGN]
    before = {number: signal.signal(number, signal.default_int_handler) for number in heeded}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
