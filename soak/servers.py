"""Servers of a run's own, on free ports of the loopback address: PostgreSQL, and MLflow on it."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

LOOPBACK: Final = "127.0.0.1"
_STARTUP_S: Final = 180.0
_ACCOUNT: Final = "postgres"


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def postgres_programs() -> Path | None:
    """The folder of PostgreSQL's programs, of the newest version; None = it is not here."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), key=_version)
    if found:
        return found[-1].parent
    program = shutil.which("pg_ctl")
    return Path(program).resolve().parent if program else None


def _version(program: Path) -> int:
    text = program.parts[-3]
    return int(text) if text.isdecimal() else 0


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """A cluster of PostgreSQL in a folder that is made for it; gives a database's address.

    PostgreSQL does not run as root: there it runs as Debian's account for it.
    """
    programs = postgres_programs()
    assert programs is not None, "PostgreSQL is not here: apt-get install postgresql"
    folder.mkdir(mode=0o700)
    data, port = folder / "data", free_port()
    if os.geteuid() == 0:
        shutil.chown(folder, _ACCOUNT)
        _let_through(folder)
    _as_account(programs / "initdb", "-D", data, "-U", "ferbench", "-A", "trust", "--no-sync")
    settings = f"-h {LOOPBACK} -p {port} -k {folder} -c fsync=off -c max_connections=200"
    log = folder / "postgres.log"
    _as_account(programs / "pg_ctl", "-D", data, "-w", "-l", log, "-o", settings, "start")
    try:
        yield f"postgresql+psycopg2://ferbench@{LOOPBACK}:{port}/postgres"
    finally:
        _as_account(programs / "pg_ctl", "-D", data, "-w", "-m", "fast", "stop")


def _let_through(folder: Path) -> None:
    """Let another account reach a folder, and see nothing else on the way."""
    for above in folder.parents:
        if above.stat().st_uid == 0 and not above.stat().st_mode & 0o001:
            above.chmod(above.stat().st_mode | 0o001)


def _as_account(program: Path, *arguments: object) -> None:
    command = [str(program), *map(str, arguments)]
    if os.geteuid() == 0:
        account = [f"--reuid={_ACCOUNT}", f"--regid={_ACCOUNT}", "--clear-groups"]
        command = ["setpriv", *account, *command]
    done = subprocess.run(
        command, cwd="/", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    assert done.returncode == 0, f"{command}: {done.stdout.decode(errors='replace')}"


class MlflowServer:
    """MLflow's server, which can be killed and started again at the same address."""

    def __init__(self, *, folder: Path, database: str) -> None:
        self.port = free_port()
        self.address = f"http://{LOOPBACK}:{self.port}"
        self.artifacts = folder / "artifacts"
        self._database = database
        self._log = folder / "mlflow.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        command = [sys.executable, "-m", "mlflow", "server", "--host", LOOPBACK]
        command += ["--port", str(self.port), "--workers", "1"]
        command += ["--backend-store-uri", self._database]
        command += ["--artifacts-destination", str(self.artifacts)]
        off = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command, stdout=log, stderr=log, env={**os.environ, **off}, start_new_session=True
            )
        end = time.monotonic() + _STARTUP_S
        while not self._answers():
            assert self._process.poll() is None, self._log.read_text()
            assert time.monotonic() < end, self._log.read_text()
            time.sleep(0.1)

    def _answers(self) -> bool:
        try:
            urllib.request.urlopen(f"{self.address}/health", timeout=5).close()
        except OSError:
            return False
        return True

    def kill(self) -> None:
        """Kill it with its workers, in the middle of whatever they do."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process = None
