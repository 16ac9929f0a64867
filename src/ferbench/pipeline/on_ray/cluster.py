"""A Ray cluster: one that runs already, or one of this machine for as long as it is needed."""

from __future__ import annotations

import importlib
import logging
import os
import secrets
import shutil
import signal
import socket
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from ferbench.errors import ClusterError
from ferbench.pipeline.on_ray import node
from ferbench.pipeline.on_ray.engine import RayEngine, imported_ray
from ferbench.pipeline.recipe import usable_cores
from ferbench.sentences import Setting, Text
from ferbench.wording import plural

log = logging.getLogger("ferbench")

_REACH_S: Final = 10.0
"""Time in which the head of a cluster answers at all."""
_LOOK_S: Final = 300.0
"""Time in which each machine has started a process that looks around."""
_STORE_BYTES: Final = 80 * 2**20
"""Ray's object store on a cluster of our own: about the least that it takes; it stays empty."""
_LONGEST_PARENT: Final = 20
"""Letters of a folder in which Ray's sockets still have room: a socket's path has about 100."""
_LOOK_AT_IT: Final = Text(
    "look at it with ray status, start one with ray start --head, or leave ",
    Setting("address"),
    " out to use this machine alone",
)
_OWN: Final = {
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # elsewhere too, it keeps Ray to the loopback
    "RAY_AUTH_MODE": "token",
    "RAY_worker_niceness": "0",  # a pass is the work of this machine, not work beside it
}


@contextmanager
def connected(engine: RayEngine) -> Iterator[Any]:
    """The module ``ray``, connected; a cluster of our own ends afterwards, with all its processes.

    Raises:
        ClusterError: Ray is not installed, or there is no such cluster.
    """
    if engine.address is not None:
        _check_answer(engine.address)
        with _joined(engine, address=engine.address) as ray:
            yield ray
        return
    os.environ.update(_OWN)
    os.environ["RAY_AUTH_TOKEN"] = os.environ.get("RAY_AUTH_TOKEN") or secrets.token_hex(32)
    with (
        _private_folder() as folder,
        _joined(
            engine,
            address="local",
            num_cpus=max(usable_cores(), engine.num_cpus),
            include_dashboard=False,
            object_store_memory=_STORE_BYTES,
            _node_ip_address="127.0.0.1",
            _temp_dir=str(folder / "r"),  # Ray opens this one to everybody
        ) as ray,
    ):
        yield ray


@contextmanager
def _joined(engine: RayEngine, **how: Any) -> Iterator[Any]:
    ray = imported_ray()
    logging.getLogger("ray").setLevel(logging.CRITICAL)  # what it tells is told in our words
    with _silenced(ray):
        try:
            with _handlers_kept():
                ray.init(log_to_driver=False, configure_logging=False, **how)
        except (OSError, RuntimeError, ValueError) as error:  # a ConnectionError is an OSError
            raise ClusterError(
                f"Ray cannot be used at {engine.address or 'this machine'}: {str(error).strip()}",
                hint=_LOOK_AT_IT,
            ) from error
        ray.cloudpickle.register_pickle_by_value(node)
        try:
            yield ray
        finally:
            ray.shutdown()


def check_nodes(ray: Any, engine: RayEngine, expected: Mapping[str, Any]) -> None:
    """Have every machine that may be given a pass say that it can make it.

    Args:
        ray: connected.
        engine: what a pass needs.
        expected: see ``node.looked_at``.

    Raises:
        ClusterError: no machine is large enough, or one of them is not fit; names it.
    """
    everywhere = [one for one in ray.nodes() if one["Alive"]]
    fit = [one for one in everywhere if _side_by_side(engine, one["Resources"])]
    if not fit:
        there = "; ".join(f"{_named(one)} has {_size(one['Resources'])}" for one in everywhere)
        wanted = _size({"CPU": engine.num_cpus, "GPU": engine.num_gpus})
        raise ClusterError(
            f"no machine of the cluster has {wanted} for a pass: {there or 'there is none'}",
            hint=Text("lower ", Setting("num_cpus"), " or ", Setting("num_gpus")),
        )
    look = ray.remote(node.looked_at)
    asked = {look.options(**pinned(ray, one["NodeID"])).remote(expected): one for one in fit}
    ready, silent = ray.wait(list(asked), num_returns=len(asked), timeout=_LOOK_S)
    unfit = [f"{_named(asked[ref])}: it does not answer" for ref in silent]
    for ref in ready:
        unfit += _complaints(ray, ref, asked[ref])
    if unfit:
        raise ClusterError("machines of the cluster cannot be used: " + "; ".join(unfit))
    at_once = sum(_side_by_side(engine, one["Resources"]) for one in fit)
    log.info("ray: %s, up to %s at a time", plural(len(fit), "machine"), _passes(at_once))


def _complaints(ray: Any, ref: Any, one: Mapping[str, Any]) -> list[str]:
    try:
        name, reason = ray.get(ref)
    except ray.exceptions.RayError as error:
        first = str(error).strip().partition("\n")[0]
        return [f"{_named(one)}: {type(error).__name__}: {first}"]
    return [f"{name} ({one['NodeManagerAddress']}): {reason}"] if reason else []


def pinned(ray: Any, node_id: str) -> dict[str, Any]:
    """Options of what one machine does and no other, whatever it is doing besides."""
    strategy = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(node_id, soft=False)
    return {"num_cpus": 0, "name": "ferbench look", "scheduling_strategy": strategy}


def here(ray: Any) -> str:
    """The machine through which this process is connected."""
    return str(ray.get_runtime_context().get_node_id())


def _side_by_side(engine: RayEngine, resources: Mapping[str, float]) -> int:
    """Passes that a machine has room for."""
    room = resources.get("CPU", 0) // engine.num_cpus
    if engine.num_gpus:
        room = min(room, resources.get("GPU", 0) // engine.num_gpus)
    return int(room)


def _size(resources: Mapping[str, float]) -> str:
    gpus = resources.get("GPU", 0)
    return f"{resources.get('CPU', 0):g} CPUs" + (f" and {gpus:g} GPUs" if gpus else "")


def _passes(number: int) -> str:
    return "1 pass" if number == 1 else f"{number} passes"


def _named(one: Mapping[str, Any]) -> str:
    return f"{one['NodeManagerHostname']} ({one['NodeManagerAddress']})"


def _check_answer(address: str) -> None:
    """Look whether anybody listens: Ray ends the whole program where nobody does."""
    host, _, port = address.rpartition("://")[2].partition("/")[0].rpartition(":")
    if not port.isdecimal():
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_REACH_S).close()
    except OSError as error:
        raise ClusterError(
            f"no Ray cluster answers at {address}: {error.strerror or error}",
            hint=_LOOK_AT_IT,
        ) from error


@contextmanager
def _private_folder() -> Iterator[Path]:
    """A folder of this account alone, with a short name, for Ray's sockets and logs."""
    parent = tempfile.gettempdir()
    if len(parent) > _LONGEST_PARENT and Path("/tmp").is_dir():
        parent = "/tmp"
    folder = Path(tempfile.mkdtemp(prefix="fer-", dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _handlers_kept() -> Iterator[None]:
    """Signals keep their handlers: Ray puts one of its own in the place of SIGTERM's."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _silenced(ray: Any) -> Iterator[None]:
    """The cluster does not learn the command line, and its messages do not reach the screen.

    Ray shows the command to everybody on the cluster; it has names of folders in it, and may have a
    password. Messages are printed among the tables; what they say is told in our words.

    Raises:
        ClusterError: this Ray cannot be kept from it.
    """
    with ExitStack() as stack:
        for module, name, instead in (
            ("ray._private.utils", "get_entrypoint_name", lambda: "ferbench"),
            ("ray._private.worker", "print_to_stdstream", _unprinted),
        ):
            part: Any = importlib.import_module(module)
            if not hasattr(part, name):
                raise ClusterError(
                    f"Ray {ray.__version__} is not known to ferbench: {module}.{name} is gone",
                    hint="install the version that requirements.txt names",
                )
            stack.callback(setattr, part, name, getattr(part, name))
            setattr(part, name, instead)
        yield


def _unprinted(message: Mapping[str, Any], **_: Any) -> None:
    log.debug("ray: %s", message.get("lines"))
