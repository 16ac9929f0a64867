"""Names stay the text that was typed: on the command line, in lists and mappings, and in yaml.

The reference is the name itself, typed as a user types it: bare where a reader of the format takes
it for one word, else in quotes.
"""

from __future__ import annotations

import string
from pathlib import Path

import pytest
import yaml
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given, settings
from hypothesis import strategies as st

from ferbench.config.arguments import value_of, with_quotes
from ferbench.config.binding import bind
from ferbench.config.choices import settings_for
from ferbench.config.yaml_files import config_of, text_of_yaml
from ferbench.datasets.study import Study
from ferbench.formats.annotation_table import Table
from helpers.hostile_names import HOSTILE

_NEEDS_QUOTES = set(",[]{}()'\"\\$:")
"""Letters that mean something within a list or a mapping of the command line."""
SCALARS = ("camera", "annotator", "annotations", "manifest", "session_name")
COLUMNS = ("session", "participant", "onset", "offset", "kind", "annotator", "reacted")


def in_quotes(name: str) -> str:
    """As Hydra's grammar quotes: a backslash before a quote is doubled, as is one at the end."""
    doubled = ""
    for number, letter in enumerate(name):
        run = name[number:].lstrip("\\")
        before_quote = letter == "\\" and (not run or run[0] == '"')
        doubled += "\\\\" if before_quote else '\\"' if letter == '"' else letter
    return f'"{doubled}"'


def as_item(name: str) -> str:
    """A name as it is typed within a list: bare where nothing in it means something there."""
    bare = not _NEEDS_QUOTES & set(name) and name == name.strip() and name
    return name if bare else in_quotes(name)


def as_value(name: str) -> str:
    """A name as it is typed behind ``=``; bare ``null`` and ``???`` mean that nothing is given."""
    is_bare = name[0] not in "[{'\"" and not set(",\\$") & set(name) and name == name.strip()
    calls = name.startswith(("choice(", "range(", "glob("))
    return name if is_bare and not calls and name not in ("null", "???") else in_quotes(name)


def as_yaml(name: str) -> str:
    """A name as it is written in a yaml: bare where it is one plain word, else in single quotes."""
    quoted = "'" + name.replace("'", "''") + "'"
    try:
        tokens = list(yaml.scan(f"[{name}]"))
        values = list(yaml.scan(f"a: {name}"))
    except yaml.YAMLError:
        return quoted
    for found in (tokens, values):
        words = [token for token in found if isinstance(token, yaml.ScalarToken)]
        if not words or words[-1].value != name or not words[-1].plain:
            return quoted
    is_one = len(tokens) == 5 and len(values) == 8
    return name if is_one and name not in ("~", "null", "Null", "NULL", "<<", "=") else quoted


def chunks(names: tuple[str, ...], size: int) -> list[tuple[str, ...]]:
    return [names[begin : begin + size] for begin in range(0, len(names), size)]


def missing(name: str) -> bool:
    """What OmegaConf itself keeps for values that must be given, and its interpolations."""
    return name == "???" or "${" in name


NAMES = tuple(name for name in HOSTILE if not missing(name))


def test_there_are_enough():
    assert len(NAMES) >= 200
    bare = [name for name in NAMES if as_value(name) == name]
    assert len(bare) >= 150, "most are typed without quotes"
    assert len([name for name in NAMES if as_yaml(name) == name]) >= 150


@pytest.mark.parametrize("names", chunks(NAMES, len(SCALARS) + len(COLUMNS)))
def test_values_on_the_command_line(names):
    keys = [f"dataset.{key}" for key in SCALARS]
    keys += [f"dataset.format.columns.{key}" for key in COLUMNS]
    typed = [f"{key}={as_value(name)}" for key, name in zip(keys, names, strict=False)]
    if len(names) < 4:
        typed.append("dataset.manifest=x")
    study = settings_for({"dataset": "manifest"}, settings=typed).settings.dataset
    got = [getattr(study, key) for key in SCALARS]
    got += [getattr(study.format.columns, key) for key in COLUMNS]
    assert got[: len(names)] == list(names)


def test_lists_on_the_command_line():
    typed = f"dataset.only_sessions=[{','.join(map(as_item, NAMES))}]"
    study = settings_for(
        {"dataset": "folder"}, settings=[typed, "dataset.videos=1e3"]
    ).settings.dataset
    assert study.only_sessions == NAMES
    assert study.videos == "1e3"


def test_mappings_on_the_command_line():
    pairs = [f"{as_item(name)}: [{as_item(name)}]" for name in NAMES]
    typed = f"dataset.format.keep={{{', '.join(pairs)}}}"
    study = settings_for(
        {"dataset": "folder"}, settings=[typed, "dataset.videos=x"]
    ).settings.dataset
    assert study.format.keep == {name: (name.strip(),) for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_a_sweep_over_names(name):
    """Each cell is composed from what Hydra makes of one value."""
    typed = f"dataset.camera={in_quotes(name) if name == 'null' else as_item(name)},x"
    _, line = with_quotes(["-m", typed])
    override = OverridesParser.create().parse_override(line)
    first, second = override.sweep_string_iterator()
    again = OverridesParser.create().parse_override(f"dataset.camera={first}").value()
    assert bind(Study, {"videos": "x", "camera": again}, where="dataset").camera == name
    assert second == "x"


def test_names_in_yaml(tmp_path):
    """Scalars, lists, keys and values of mappings, in a data set and in an experiment."""
    (tmp_path / "dataset").mkdir()
    (tmp_path / "experiment").mkdir()
    lines = ["only_sessions:", *(f"  - {as_yaml(name)}" for name in NAMES)]
    lines += ["format:", "  keep:"]
    lines += [f"    {as_yaml(name)}: [{as_yaml(name)}]" for name in NAMES]
    body = "_target_: ferbench.datasets.study.Study\nvideos: 1e3\ncamera: 1:30\n"
    (tmp_path / "dataset" / "2024_03.yaml").write_text(body + "\n".join(lines), encoding="utf-8")
    (tmp_path / "experiment" / "1e3.yaml").write_text(
        "# @package _global_\ndefaults:\n  - override /dataset: 2024_03\n"
        "dataset:\n  annotator: 0x1F\n  recursive: yes\nevent:\n  enter: 5e-1\n",
        encoding="utf-8",
    )
    chosen = settings_for({"dataset": {}}, settings=["experiment=1e3"], config_dirs=[tmp_path])
    study = chosen.settings.dataset
    assert study.only_sessions == NAMES
    assert study.format.keep == {name: (name.strip(),) for name in NAMES}
    assert (study.videos, study.camera, study.annotator) == ("1e3", "1:30", "0x1F")
    assert (study.recursive, chosen.settings.recipe.event.enter) == (True, 0.5)
    assert chosen.choices["dataset"] == "2024_03"


def test_what_a_run_leaves_is_read_again_alike():
    kept = {name: [name] for name in NAMES}
    config = {"only_sessions": list(NAMES), "keep": kept, "camera": "1_1"}
    again = config_of(text_of_yaml(config))
    assert again == config


NAME = st.one_of(
    st.sampled_from(NAMES),
    st.text(st.sampled_from("0123456789_.:-+eExXinfatrulNy"), min_size=1, max_size=8),
    st.text(st.sampled_from(string.printable.strip() + "äßΩ参 "), min_size=1, max_size=12).map(
        str.strip
    ),
).filter(lambda name: name and not missing(name) and "$" not in name)


@settings(deadline=None)
@given(st.lists(NAME, min_size=1, max_size=4))
def test_any_names(names):
    """Whatever they are: alone, in a list, as key and value, from an option and from yaml."""
    [line] = with_quotes([f"dataset.camera={as_value(names[0])}"])
    assert bound({"camera": value(line)}).camera == names[0]
    listed = ",".join(map(as_item, names))
    [line] = with_quotes([f"dataset.only_sessions=[{listed}]"])
    assert bound({"only_sessions": value(line)}).only_sessions == tuple(names)
    pairs = ",".join(f"{as_item(name)}: [{as_item(name)}]" for name in names)
    [line] = with_quotes([f"dataset.format.keep={{{pairs}}}"])
    kept = {name: (name,) for name in names}
    assert bound({"format": {"keep": value(line)}}).format.keep == kept
    assert bind(Table, {"keep": value_of("keep", f"{{{pairs}}}")}, where="format").keep == kept
    rows = "".join(f"- {as_yaml(name)}\n" for name in names)
    assert bound({"only_sessions": list(config_of(rows))}).only_sessions == tuple(names)


def value(line: str):
    return OverridesParser.create().parse_override(line).value()


def bound(fields: dict) -> Study:
    return bind(Study, {"videos": "x", **fields}, where="dataset")


@pytest.mark.parametrize("typed", ["1_1", "2024_03", "007", "on", "1e3", "10.50", "~study"])
def test_a_folder_keeps_its_name(typed):
    study = settings_for(
        {"dataset": "folder"}, settings=[f"dataset.videos={typed}"]
    ).settings.dataset
    assert study.videos == typed


@pytest.mark.parametrize(
    ("typed", "number"),
    [("0.50", 0.5), ("1e-1", 0.1), (".5", 0.5), ("1_0e-1", 1.0), ("'0.50'", 0.5)],
)
def test_numbers_stay_numbers(typed, number):
    rule = settings_for({}, settings=[f"event.enter={typed}", "event.exit=0"]).settings.recipe.event
    assert rule.enter == number
    assert isinstance(rule.enter, float)


def test_what_needs_no_quotes_gets_none():
    """Records and names of runs show what was typed."""
    typed = ["event.enter=0.40,0.50", "signal.labels=[surprise,fear]", "dataset.camera=front", "-m"]
    typed += [
        "dataset.camera=11",
        "dataset.camera=null",
        "hydra.job.num=1_1",
        "--config-dir",
        "a=1_1",
    ]
    assert with_quotes(typed) == typed


def test_paths_are_as_typed():
    paths = settings_for({}, settings=["paths.root=1e3"]).settings.paths
    assert paths.root == Path("1e3")
