"""What a yaml may make Hydra run: every door, each with a file that would leave a mark.

Each hostile file is tried twice: as it is it must be refused, by key, name and ``allow_targets``;
with that setting it must leave its mark, or the file would prove nothing.
"""

from __future__ import annotations

import pickle
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ferbench.config.choices import settings_for
from ferbench.config.recorded import recorded_components
from ferbench.config.saved import saved_settings
from ferbench.errors import ConfigError
from ferbench.secret_texts import MASK

GLOBAL = "# @package _global_\n"
EVIL = """
import os, pathlib
pathlib.Path(os.environ["MARK"]).touch()
class Thing:
    def __init__(self, *args, **kwargs): pass
stream = None
"""


@dataclass(frozen=True, kw_only=True)
class Door:
    """A hostile file.

    Attributes:
        files: texts by their names below ``--config-dir``; MARK is the file that would be made.
        arguments: what opens the door.
        key: that the message must name.
        target: likewise.
        allow: what would let it pass; "" = nothing does.
        shut: this release of Hydra or Python refuses it by itself, so that it leaves no mark.
    """

    files: dict[str, str] = field(default_factory=dict)
    arguments: list[str] = field(default_factory=lambda: ["experiment=evil"])
    key: str
    target: str
    allow: str = ""
    shut: bool = False


def experiment(text: str) -> dict[str, str]:
    return {"experiment/evil.yaml": GLOBAL + text}


def logging_of(kind: str, text: str) -> dict[str, str]:
    body = "version: 1\ndisable_existing_loggers: false\nroot: {level: INFO, handlers: [x]}\n"
    return {f"hydra/{kind}/evil.yaml": body + text}


THING = "{_target_: evil.Thing}"
PLAIN = "class: logging.StreamHandler"
SWEEP = ["-m", "event.enter=0.5,0.6"]

DOORS = {
    "callback in an experiment": Door(
        files=experiment(f"hydra: {{callbacks: {{x: {THING}}}}}"),
        key="hydra.callbacks.x._target_",
        target="evil.Thing",
        allow="evil",
    ),
    "callback in a group": Door(
        files={"hydra/callbacks/evil.yaml": f"x: {THING}"},
        arguments=["hydra/callbacks=evil"],
        key="hydra.callbacks.x._target_",
        target="evil.Thing",
        allow="evil",
    ),
    "callback on the command line": Door(
        arguments=["+hydra.callbacks.x={_target_: evil.Thing}"],
        key="hydra.callbacks.x._target_",
        target="evil.Thing",
        allow="evil",
    ),
    "argument of a callback of Hydra's": Door(
        files=experiment(
            "hydra:\n  callbacks:\n    x:\n      _target_: "
            f"hydra.experimental.callbacks.PickleJobInfoCallback\n      y: {THING}"
        ),
        key="hydra.callbacks.x.y._target_",
        target="evil.Thing",
        allow="evil",
    ),
    "a list in a callback": Door(
        files=experiment(
            "hydra:\n  callbacks:\n    x:\n      _target_: "
            f"hydra.experimental.callbacks.PickleJobInfoCallback\n      y: [[{THING}]]"
        ),
        key="hydra.callbacks.x.y.0.0._target_",
        target="evil.Thing",
        allow="evil",
    ),
    "callback named by another value": Door(
        files=experiment(
            "hydra:\n  callbacks: {x: {_target_: '${hydra.job.env_set.TZ}'}}\n"
            "  job: {env_set: {TZ: evil.Thing}}"
        ),
        key="hydra.callbacks.x._target_",
        target="evil.Thing",
        allow="evil",
        shut=True,
    ),
    "callback named by the environment": Door(
        files=experiment("hydra: {callbacks: {x: {_target_: '${oc.env:EVIL}'}}}"),
        key="hydra.callbacks.x._target_",
        target=MASK,  # it comes from the environment
        allow="evil",
        shut=True,
    ),
    "callback written as text": Door(
        files=experiment("hydra: {callbacks: {x: '${oc.decode:\"{_target_: evil.Thing}\"}'}}"),
        key="hydra.callbacks.x._target_",
        target="evil.Thing",
        allow="evil",
    ),
    "what a module of ferbench imports": Door(
        files=experiment(
            "hydra: {callbacks: {x: {_target_: ferbench.app.hydra.launch.os.system, "
            "command: touch MARK}}}"
        ),
        key="hydra.callbacks.x._target_",
        target="ferbench.app.hydra.launch.os.system",
    ),
    "a function of Hydra's that imports": Door(
        files=experiment(
            "hydra: {callbacks: {x: {_target_: hydra.utils.get_class, path: evil.Thing}}}"
        ),
        key="hydra.callbacks.x._target_",
        target="hydra.utils.get_class",
        allow="hydra",
    ),
    "a plugin of another kind": Door(
        files=experiment(
            "hydra: {callbacks: {x: {_target_: "
            "hydra._internal.core_plugins.basic_sweeper.BasicSweeper, max_batch_size: null, "
            f"params: {THING}}}}}}}"
        ),
        key="hydra.callbacks.x._target_",
        target="BasicSweeper",
        allow="evil,hydra",
        shut=True,
    ),
    "launcher": Door(
        files={"hydra/launcher/evil.yaml": "_target_: evil.Thing"},
        arguments=["hydra/launcher=evil", *SWEEP],
        key="hydra.launcher._target_",
        target="evil.Thing",
        allow="evil",
        shut=True,
    ),
    "sweeper": Door(
        files={"hydra/sweeper/evil.yaml": "_target_: evil.Thing"},
        arguments=["hydra/sweeper=evil", *SWEEP],
        key="hydra.sweeper._target_",
        target="evil.Thing",
        allow="evil",
        shut=True,
    ),
    "sweeper in the defaults of an experiment": Door(
        files={
            "hydra/sweeper/evil.yaml": "_target_: evil.Thing",
            **experiment("defaults:\n  - override /hydra/sweeper: evil\n"),
        },
        arguments=["experiment=evil", *SWEEP],
        key="hydra.sweeper._target_",
        target="evil.Thing",
        allow="evil",
        shut=True,
    ),
    "argument of a launcher": Door(
        files={
            "hydra/launcher/evil.yaml": "_target_: "
            f"hydra._internal.core_plugins.basic_launcher.BasicLauncher\nx: {THING}"
        },
        arguments=["hydra/launcher=evil", *SWEEP],
        key="hydra.launcher.x._target_",
        target="evil.Thing",
        allow="evil",
    ),
    "argument of a sweeper": Door(
        files=experiment(f"hydra: {{sweeper: {{params: {{x: {THING}}}}}}}"),
        arguments=["experiment=evil", *SWEEP],
        key="hydra.sweeper",
        target="evil.Thing",
        allow="evil",
        shut=True,
    ),
    "parameters of a sweeper": Door(
        files=experiment(
            'hydra: {sweeper: {params: {+hydra.job_logging.handlers.x: "{class: evil.Thing}"}}}'
        ),
        arguments=["experiment=evil", *SWEEP],
        key="hydra.job_logging.handlers.x.class",
        target="evil.Thing",
        allow="evil",
    ),
    "one cell of a sweep over experiments": Door(
        files={
            "experiment/good.yaml": GLOBAL + "event: {enter: 0.6}",
            **experiment("hydra: {job_logging: {handlers: {x: {class: evil.Thing}}}}"),
        },
        arguments=["-m", "experiment=good,evil", "tracking=none", "dataset.videos=nowhere"],
        key="hydra.job_logging.handlers.x.class",
        target="evil.Thing",
        allow="evil",
    ),
    "factory of a handler": Door(
        files=logging_of("job_logging", "handlers: {x: {(): evil.Thing}}"),
        arguments=["hydra/job_logging=evil"],
        key="hydra.job_logging.handlers.x.()",
        target="evil.Thing",
        allow="evil",
    ),
    "class of a handler": Door(
        files=logging_of("hydra_logging", "handlers: {x: {class: evil.Thing}}"),
        arguments=["hydra/hydra_logging=evil"],
        key="hydra.hydra_logging.handlers.x.class",
        target="evil.Thing",
        allow="evil",
    ),
    "factory of a formatter": Door(
        files=logging_of(
            "hydra_logging",
            f"formatters: {{f: {{(): evil.Thing}}}}\nhandlers: {{x: {{{PLAIN}, formatter: f}}}}",
        ),
        arguments=["hydra/hydra_logging=evil"],
        key="hydra.hydra_logging.formatters.f.()",
        target="evil.Thing",
        allow="evil",
    ),
    "class of a formatter": Door(
        files=logging_of(
            "job_logging",
            f"formatters: {{f: {{class: evil.Thing, format: '%(message)s'}}}}\n"
            f"handlers: {{x: {{{PLAIN}, formatter: f}}}}",
        ),
        arguments=["hydra/job_logging=evil"],
        key="hydra.job_logging.formatters.f.class",
        target="evil.Thing",
        allow="evil",
    ),
    "factory of a filter": Door(
        files=logging_of(
            "job_logging",
            f"filters: {{f: {{(): evil.Thing}}}}\nhandlers: {{x: {{{PLAIN}, filters: [f]}}}}",
        ),
        arguments=["hydra/job_logging=evil"],
        key="hydra.job_logging.filters.f.()",
        target="evil.Thing",
        allow="evil",
    ),
    "stream of a handler": Door(
        files=logging_of("job_logging", f"handlers: {{x: {{{PLAIN}, stream: ext://evil.stream}}}}"),
        arguments=["hydra/job_logging=evil"],
        key="hydra.job_logging.handlers.x.stream",
        target="ext://evil.stream",
        allow="evil",
    ),
    "a stream that another value names": Door(
        files={
            **logging_of(
                "job_logging", f"handlers: {{x: {{{PLAIN}, stream: '${{hydra:help.app_name}}'}}}}"
            ),
            **experiment("hydra: {help: {app_name: 'ext://evil.stream'}}"),
        },
        arguments=["experiment=evil", "hydra/job_logging=evil"],
        key="hydra.job_logging.handlers.x.stream",
        target="ext://evil.stream",
        allow="evil",
    ),
    "queue of a handler": Door(
        files=logging_of(
            "job_logging",
            "handlers: {x: {class: logging.handlers.QueueHandler, queue: {(): evil.Thing}}}",
        ),
        arguments=["hydra/job_logging=evil"],
        key="hydra.job_logging.handlers.x.queue.()",
        target="evil.Thing",
        allow="evil,logging",
        shut=True,
    ),
    "a file of its own that begins the configuration": Door(
        files={"evil.yaml": f"defaults: [config, _self_]\nhydra: {{callbacks: {{x: {THING}}}}}"},
        arguments=["--config-name=evil"],
        key="hydra.callbacks.x._target_",
        target="evil.Thing",
        allow="evil",
    ),
    "a package to search": Door(
        files={"evil.yaml": "defaults: [config, _self_]\nhydra: {searchpath: ['pkg://evil']}"},
        arguments=["--config-name=evil"],
        key="hydra.searchpath",
        target="evil",
        allow="evil",
    ),
    "a detector": Door(
        files={"detector/evil.yaml": "_target_: evil.Thing"},
        arguments=["detector=evil", "dataset.videos=x"],
        key="detector._target_",
        target="evil.Thing",
        allow="evil",
    ),
    "a data set": Door(
        files={"dataset/evil.yaml": "_target_: evil.Thing"},
        arguments=["dataset=evil"],
        key="dataset._target_",
        target="evil.Thing",
        allow="evil",
    ),
    "the tracking of a sweep": Door(
        files={"tracking/evil.yaml": "_target_: evil.Thing"},
        arguments=["tracking=evil", "dataset.videos=x", *SWEEP],
        key="tracking._target_",
        target="evil.Thing",
        allow="evil",
    ),
    "a file that allows itself": Door(
        files=experiment(f"allow_targets: [evil]\nhydra: {{callbacks: {{x: {THING}}}}}"),
        key="allow_targets",
        target="evil",
        allow="evil",
    ),
    "a file that allows by what cells are told": Door(
        files=experiment(
            f"hydra: {{overrides: {{task: ['allow_targets=[evil]']}}, callbacks: {{x: {THING}}}}}"
        ),
        key="hydra.overrides",
        target="hydra.overrides",
    ),
}

OPEN = [name for name, door in DOORS.items() if door.allow and not door.shut]


@pytest.fixture
def evil(tmp_path, monkeypatch) -> Iterator[Path]:
    """The mark that is left when a module ``evil`` is imported or ``touch`` is run."""
    mark = tmp_path / "mark"
    (tmp_path / "modules" / "evil").mkdir(parents=True)
    (tmp_path / "modules" / "evil" / "__init__.py").write_text(EVIL)
    monkeypatch.syspath_prepend(str(tmp_path / "modules"))
    monkeypatch.setenv("MARK", str(mark))
    monkeypatch.setenv("EVIL", "evil.Thing")
    yield mark
    sys.modules.pop("evil", None)


def opened(door: Door, mark: Path) -> list[str]:
    """The arguments that open a door, its files written."""
    folder = mark.parent / "conf"
    folder.mkdir()
    for name, text in door.files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text.replace("MARK", str(mark)))
    arguments = [text.replace("MARK", str(mark)) for text in door.arguments]
    return ["--config-dir", str(folder), *arguments]


def test_there_are_enough():
    assert len(OPEN) >= 20


@pytest.mark.parametrize("name", DOORS)
def test_no_door_lets_code_in(name, evil, home, ferbench_run):
    door = DOORS[name]
    ended = ferbench_run(*opened(door, evil))
    assert not evil.exists()
    assert ended.code == 1
    for part in (door.key, door.target, *(["allow_targets"] if door.allow else [])):
        assert part in ended.err
    assert "Traceback" not in ended.err
    assert len(ended.err.strip().splitlines()) <= 3


@pytest.mark.parametrize(
    "name", [name for name, door in DOORS.items() if door.allow and not door.shut]
)
def test_each_would_have_left_its_mark(name, evil, home, ferbench_run):
    door = DOORS[name]
    arguments = [*opened(door, evil), f"allow_targets=[{door.allow}]"]
    with suppress(AttributeError, TypeError, ValueError, AssertionError, ImportError):
        ferbench_run(*arguments)  # what a door makes is seldom what Hydra needs
    assert evil.exists()


@pytest.mark.parametrize(
    "variable", ["PATH", "LD_PRELOAD", "PYTHONPATH", "GIT_EXTERNAL_DIFF", "BASH_ENV"]
)
def test_variables_that_make_programs_run_code(variable, evil, home, ferbench_run):
    files = {"hydra/env/evil.yaml": f"# @package hydra.job.env_set\n{variable}: /tmp/x"}
    door = Door(files=files, arguments=["hydra/env=evil"], key="", target="")
    ended = ferbench_run(*opened(door, evil))
    assert ended.code == 1
    assert f"hydra.job.env_set.{variable}: {variable} is set for the run" in ended.err
    assert f"allow_targets=[{variable}]" in ended.err


def test_a_pickle_is_not_read(evil, home, tmp_path, ferbench_run):
    class Evil:
        def __reduce__(self):
            return (Path.touch, (evil,))

    (tmp_path / "job.pickle").write_bytes(pickle.dumps(Evil()))
    told = {"--experimental-rerun": "reads a pickle", "--exp": "there is no such option"}
    for option, reason in told.items():
        ended = ferbench_run(option, str(tmp_path / "job.pickle"))
        assert ended.code == 1
        assert reason in ended.err
        assert len(ended.err.splitlines()) == 1
    assert not evil.exists()


def test_what_hydra_ships_passes(home, ferbench_run):
    """Callbacks, launchers, sweepers and logging of Hydra; variables that only set numbers."""
    shipped = [
        "+hydra.callbacks.x._target_=hydra.experimental.callbacks.LogJobReturnCallback",
        "+hydra.callbacks.y._target_=hydra.experimental.callbacks.PickleJobInfoCallback",
        *("hydra/job_logging=default", "hydra/hydra_logging=none", "hydra/output=default"),
        *("hydra/launcher=joblib", "+hydra.job.env_set.OMP_NUM_THREADS=2"),
    ]
    ended = ferbench_run("--cfg", "job", *shipped)
    assert (ended.code, ended.err) == (0, "")


def test_a_runs_own_file_does_not_allow_itself(evil, tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("allow_targets: [evil]\nevent: {_target_: evil.Thing}\n")
    with pytest.raises(ConfigError, match=r"event\._target_: evil\.Thing .*allow_targets"):
        recorded_components(path, ("event",))
    with pytest.raises(ConfigError):
        saved_settings(path)
    assert not evil.exists()
    with pytest.raises(ConfigError, match="not a dataclass"):
        recorded_components(path, ("event",), allow_targets=("evil",))
    assert evil.exists()


@pytest.mark.parametrize("key", ["net", "checkpoint"])
@pytest.mark.parametrize("path", ["evil.stream", "ferbench.app.hydra.launch.os"])
def test_fields_that_name_code(key, path, evil):
    with pytest.raises(ConfigError, match=rf"model\.{key}"):
        settings_for({}, settings=[f"model.{key}={path}"])
    assert not evil.exists()


def test_the_library_has_the_same_doors(evil):
    door = DOORS["callback in an experiment"]
    folder = Path(opened(door, evil)[1])
    with pytest.raises(ConfigError, match=r"hydra\.callbacks\.x\._target_: evil\.Thing"):
        settings_for({}, experiment="evil", config_dirs=[folder])
    assert not evil.exists()
