"""Cells of a sweep that is no product: a list of them in a file, each with its settings.

A CSV or a workbook has a column per setting and a row per cell; what a row leaves empty is as the
sweep has it. A yaml is a list of mappings. Values are written as on the command line, and names
stay the text that they are; a comma separates nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from ferbench.config.arguments import one_setting
from ferbench.config.secret_values import hide_passwords
from ferbench.config.yaml_limits import check_size, check_yaml
from ferbench.errors import ConfigError
from ferbench.formats.sheet_files import read_sheet
from ferbench.sentences import Text

KEY: Final = "hydra.sweeper.file"
_SETTING: Final = re.compile(r"[+~]{0,2}[A-Za-z_][\w/]*(\.[^\s.,;=]+)*")
_AS_YAML: Final = "write '- {detector: mtcnn, event.enter: 0.5}', a line for each"
_Cells = list[tuple[str, dict[str, str]]]
"""Of each cell where it is in its file, and its settings as they were typed."""


def cells_of(path: Path, *, shared: Sequence[str] = ()) -> list[list[str]]:
    """The overrides of each cell, in the order of the file.

    Args:
        path: the file.
        shared: overrides of all cells; a setting is there or in the file.

    Raises:
        FerbenchError: it cannot be read, has no cell, a setting that all cells have, or a value
            that is not one value; names the row.
    """
    is_yaml = path.suffix.lower() in (".yaml", ".yml")
    cells = _cells_of_yaml(path) if is_yaml else _cells_of_table(path)
    if not cells:
        raise ConfigError(f"{path}: there is no cell in it", key=KEY)
    taken = {override.partition("=")[0].lstrip("+~") for override in shared}
    for _, settings in cells:
        for name in settings:
            if name.lstrip("+~") in taken:
                raise ConfigError(
                    f"{name} is set for all cells, and {path.name} has it as well",
                    key=KEY,
                    hint="give it in one of the two places",
                )
    return [_overrides(path, place, settings) for place, settings in cells]


def _overrides(path: Path, place: str, settings: Mapping[str, str]) -> list[str]:
    """The overrides of a cell; settings without a value are as the sweep has them."""
    lines = []
    for name, text in settings.items():
        if not _SETTING.fullmatch(name) or name.lstrip("+~").startswith("hydra"):
            raise ConfigError(
                f"{path}, {place}: expected a choice or a setting of a run, such as detector or "
                f"event.enter; got {name!r}",
                key=KEY,
            )
        try:
            if text:
                lines.append(one_setting(name, text))
        except ConfigError as error:
            raise ConfigError(Text(f"{path}, {place}: ", error.text()), key=KEY) from error
    return hide_passwords(lines)


def _cells_of_table(path: Path) -> _Cells:
    sheet = read_sheet(path, fits=_is_header, what="list of cells")
    for (line, _), fault in sheet.faults.items():
        raise ConfigError(f"{path}, line {line}: a cell has {fault}", key=KEY)
    cells = []
    for line, texts in sheet.rows:
        place = f"line {line}"
        if len(texts) > len(sheet.header):
            raise ConfigError(
                f"{path}, {place}: expected {len(sheet.header)} values, got {len(texts)}",
                key=KEY,
                hint="put a value that has commas into double quotes",
            )
        named = zip(sheet.header, texts, strict=True)
        cells.append((place, {name: text for name, text in named if name}))
    return cells


def _is_header(header: Sequence[str]) -> bool:
    return any(header) and all(_SETTING.fullmatch(name) for name in header if name)


def _cells_of_yaml(path: Path) -> _Cells:
    try:
        # All scalars are read as the text that they are: the command line's rules come next.
        check_size(path.stat().st_size)
        text = path.read_text(encoding="utf-8")
        check_yaml(text)
        found: Any = yaml.load(text, Loader=yaml.BaseLoader)
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}", key=KEY) from error
    except (yaml.YAMLError, ValueError) as error:
        raise ConfigError(f"{path} is no yaml: {error}", key=KEY) from error
    if not isinstance(found, list) or not all(isinstance(cell, Mapping) for cell in found):
        raise ConfigError(
            f"{path}: expected a list with the settings of each cell", key=KEY, hint=_AS_YAML
        )
    return [
        (f"cell {number}", {name: _typed(value) for name, value in cell.items()})
        for number, cell in enumerate(found)
    ]


def _typed(value: Any) -> str:
    """A value as it is typed on the command line."""
    if isinstance(value, list):
        return f"[{','.join(map(_typed, value))}]"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{name}: {_typed(item)}' for name, item in value.items())}}}"
    return str(value)
