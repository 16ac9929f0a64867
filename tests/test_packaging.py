"""What a user installs: the right packages, all data files, light imports, pins that fit the
ranges.
"""

from __future__ import annotations

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

import ferbench
from helpers.reference import CHECKOUT

PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())
COMPUTES = {"torch", "torchvision", "numpy", "scipy", "pandas", "pyarrow", "av", "cv2"} | {
    "onnx",
    "onnxruntime",
    "mlflow",
    "matplotlib",
    "openpyxl",
    "h5py",
    "requests",
    "timm",
}
HEAVY = COMPUTES | {"hydra", "omegaconf", "typer", "yaml", "rich"}
ROOTS = {
    "ferbench": CHECKOUT / "src" / "ferbench",
    "ferbench.conf": CHECKOUT / "conf",
    "hydra_plugins": CHECKOUT / "src" / "hydra_plugins",
}
NAMESPACE = "hydra_plugins"
"""Other distributions have a part of it, so it has no __init__.py."""


def data_files() -> set[str]:
    """Files that are no Python and belong into the package, by their place in it."""
    places = {"ferbench": ROOTS["ferbench"], "ferbench/conf": ROOTS["ferbench.conf"]}
    return {
        f"{name}/{path.relative_to(root).as_posix()}"
        for name, root in places.items()
        for path in root.rglob("*")
        if path.suffix in (".yaml", ".csv") or path.name == "py.typed"
    }


def test_the_list_of_packages_is_the_tree():
    found = {
        ".".join([name, *path.parent.relative_to(root).parts])
        for name, root in ROOTS.items()
        for path in root.rglob("__init__.py")
    }
    assert set(PROJECT["tool"]["setuptools"]["packages"]) == found | {NAMESPACE}
    assert not (ROOTS[NAMESPACE] / "__init__.py").exists()
    folders = {path.parent for path in ROOTS["ferbench"].rglob("*.py")}
    assert all((folder / "__init__.py").is_file() for folder in folders), (
        "a folder with modules is a package"
    )


def test_versions_agree():
    assert PROJECT["project"]["version"] == ferbench.__version__


@pytest.mark.slow
def test_a_wheel_holds_everything_and_works_alone(tmp_path):
    pytest.importorskip("setuptools", minversion="77")
    pytest.importorskip("build")
    source = tmp_path / "source"
    for name in ("src", "conf"):
        shutil.copytree(
            CHECKOUT / name,
            source / name,
            ignore=shutil.ignore_patterns("*.egg-info", "__pycache__"),
        )
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copyfile(CHECKOUT / name, source / name)
    command = [
        sys.executable,
        "-m",
        "build",
        "--wheel",
        "--no-isolation",
        "--outdir",
        str(tmp_path),
        str(source),
    ]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        archive.extractall(tmp_path / "site")
    assert data_files() <= names
    modules = {
        f"ferbench/{p.relative_to(ROOTS['ferbench']).as_posix()}"
        for p in ROOTS["ferbench"].rglob("*.py")
    }
    plugins = {
        f"{NAMESPACE}/{p.relative_to(ROOTS[NAMESPACE]).as_posix()}"
        for p in ROOTS[NAMESPACE].rglob("*.py")
    }
    assert {name for name in names if name.endswith(".py")} == {
        *modules,
        *plugins,
        "ferbench/conf/__init__.py",
    }
    assert not [name for name in names if name.startswith(("tests", "src", "benchmarks", "conf"))]
    _works_alone(tmp_path / "site", tmp_path / "home")


ALONE = """
from ferbench.config.compose import composed
from ferbench.config.groups import choices_of
from ferbench.datasets.demo import annotations_path
from ferbench.places import checkout_root, default_root
import ferbench
assert checkout_root() is None
root = composed({})["paths"]["root"]
print(ferbench.__file__, default_root(), choices_of("event"), root, sep="|")
assert annotations_path().is_file()
"""


def _works_alone(site: Path, home: Path):
    """The unpacked wheel finds its configuration without the checkout."""
    environment = {**os.environ, "PYTHONPATH": str(site), "FERBENCH_HOME": str(home)}
    command = [sys.executable, "-c", ALONE]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=environment, cwd=site.parent
    )
    assert done.returncode == 0, done.stderr
    module, root, events, composed_root = done.stdout.strip().split("|")
    assert Path(module).is_relative_to(site)
    assert (root, composed_root) == (str(home), str(home))
    rules = sorted(path.stem for path in (CHECKOUT / "conf" / "event").glob("*.yaml"))
    assert {"hysteresis", "windowed", "windowed_whole"} <= set(rules)
    assert events == str(rules)


PLUGINS = """
import site, sys
site.addsitedir(sys.argv[1])
sys.path.append(sys.argv[2])
import hydra_plugins, pkgutil
print(*hydra_plugins.__path__, sep="|")
print(*(found.name for found in pkgutil.walk_packages(hydra_plugins.__path__)), sep="|")
"""


@pytest.mark.slow
def test_an_editable_install_shows_its_plugins_to_hydra(tmp_path):
    """Hydra looks for files: what setuptools' finder only names would be missed."""
    source, wheels = tmp_path / "source", tmp_path / "wheels"
    wheels.mkdir()
    for name in ("src", "conf"):
        shutil.copytree(CHECKOUT / name, source / name)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copyfile(CHECKOUT / name, source / name)
    build = "import sys; from setuptools.build_meta import build_editable as b; b(sys.argv[1])"
    command = [sys.executable, "-c", build, str(wheels)]
    built = subprocess.run(command, capture_output=True, text=True, check=False, cwd=source)
    assert built.returncode == 0, built.stderr
    (wheel,) = wheels.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    environment = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"}
    others = sysconfig.get_path("purelib")  # without its own editable installs
    done = subprocess.run(
        [sys.executable, "-S", "-c", PLUGINS, str(tmp_path / "site"), others],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
        cwd=tmp_path,
    )
    folders, modules = (line.split("|") for line in done.stdout.splitlines())
    assert str(source / "src" / "hydra_plugins") in folders
    assert {"ferbench_planned", "hydra_joblib_launcher"} <= set(modules)


def test_the_library_imports_without_the_program():
    script = "import ferbench, sys; print(*{name.split('.')[0] for name in sys.modules})"
    loaded = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout
    assert not HEAVY & set(loaded.split())


@pytest.mark.parametrize(
    "command",
    [
        ["run.py", "--help"],
        *(["-m", "ferbench.app.main", *group, "--help"] for group in ([], ["run"], ["predict"])),
    ],
    ids=str,
)
def test_help_loads_nothing_heavy(command):
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *command],
        capture_output=True,
        text=True,
        check=True,
        cwd=CHECKOUT,
    )
    loaded = {line.rpartition("|")[2].strip().split(".")[0] for line in done.stderr.splitlines()}
    assert "ferbench" in loaded
    assert not COMPUTES & loaded
    assert "ferbench" in done.stdout


def pins() -> dict[str, str]:
    lines = [
        line.split("#")[0].strip()
        for line in (CHECKOUT / "requirements.txt").read_text().splitlines()
    ]
    found = {}
    for line in filter(None, lines):
        match = re.fullmatch(r"([A-Za-z0-9][\w.-]*)==([\w.!]+)", line)
        assert match, f"expected name==version, nothing else, got {line!r}"
        found[_normal(match[1])] = match[2]
    return found


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_exact_versions_fit_the_ranges():
    pinned = pins()
    for requirement in map(Requirement, requested()):
        version = pinned.get(_normal(requirement.name))
        assert version, f"{requirement.name} is not in requirements.txt"
        assert version in requirement.specifier, (
            f"requirements.txt pins {requirement.name} {version}"
        )
        assert len(requirement.specifier) > 1 or "~=" in str(requirement.specifier), (
            f"{requirement}: no upper bound"
        )


def test_the_exact_versions_are_a_whole_environment():
    """Everything that pip would install for ``.[dev]`` is pinned, and each pin suits those who ask
    for it.
    """
    pinned, missing, seen = pins(), [], set()
    todo = [("ferbench", r) for r in map(Requirement, requested())]
    while todo:
        wanted_by, requirement = todo.pop()
        name = _normal(requirement.name)
        if name not in pinned or pinned[name] not in requirement.specifier:
            missing.append(f"{wanted_by} wants {requirement}, pinned is {pinned.get(name)}")
        elif (name, frozenset(requirement.extras)) not in seen:
            seen.add((name, frozenset(requirement.extras)))
            todo += [(name, r) for r in _requirements_of(name, requirement.extras)]
    assert not missing, "; ".join(missing)
    assert len(seen) > 50, "the walk ended early"


def test_every_exact_version_has_hashes():
    """The file with hashes has the versions of ``requirements.txt``, and names no host."""
    text = (CHECKOUT / "requirements-hashes.txt").read_text()
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    joined = "\n".join(lines).replace("\\\n", "")
    hashed = {}
    for line in joined.splitlines():
        asked, *hashes = line.split(" --hash=")
        assert hashes, f"{line[:60]}: no hash"
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64} *", each) for each in hashes), line[:60]
        requirement = Requirement(asked.strip())
        hashed[_normal(requirement.name)] = requirement
    versions = {name: str(r.specifier).removeprefix("==") for name, r in hashed.items()}
    assert "://" not in text
    assert {name: versions.get(name) for name in pins()} == pins()
    here = {name for name, r in hashed.items() if r.marker is None or r.marker.evaluate()}
    assert here <= pins().keys(), "what only other systems need is not pinned"


def requested() -> list[str]:
    """What the project asks for by itself and in any of its extras (of which ``dev`` has all)."""
    extras = PROJECT["project"]["optional-dependencies"]
    own = next(text for text in extras["dev"] if text.startswith("ferbench["))
    assert Requirement(own).extras == set(extras) - {"dev"}
    wanted = [text for texts in extras.values() for text in texts if text != own]
    return [*PROJECT["project"]["dependencies"], *wanted]


def _requirements_of(name: str, extras: set[str]) -> list[Requirement]:
    """What an installed distribution asks for here, with these of its extras."""
    asked = [Requirement(text) for text in importlib.metadata.requires(name) or ()]
    wanted = ("", *extras)
    return [
        r
        for r in asked
        if r.marker is None or any(r.marker.evaluate({"extra": extra}) for extra in wanted)
    ]


def test_conda_environment_names_what_is_there():
    content = yaml.safe_load((CHECKOUT / "environment.yml").read_text())
    plain = [item for item in content["dependencies"] if isinstance(item, str)]
    (from_pip,) = (item["pip"] for item in content["dependencies"] if isinstance(item, dict))
    (python,) = (item for item in plain if item.startswith("python"))
    assert SpecifierSet(python.removeprefix("python")) == SpecifierSet(
        PROJECT["project"]["requires-python"]
    )
    assert {"pip", "ffmpeg"} <= {item.split()[0] for item in plain}
    assert content["channels"] == ["conda-forge"]
    options = dict(line.split(maxsplit=1) for line in from_pip)
    assert options == {"--constraint": "requirements.txt", "--editable": ".[dev]"}
    assert (CHECKOUT / options["--constraint"]).is_file()
    assert "dev" in PROJECT["project"]["optional-dependencies"]
