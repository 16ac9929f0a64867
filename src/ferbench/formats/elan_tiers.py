"""Which tiers of ELAN's files are read: the only one with annotations, the chosen one, or all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from ferbench.errors import DatasetError, FormatError
from ferbench.formats.annotation_format import Source
from ferbench.formats.annotation_table import ALL_TIERS
from ferbench.formats.eaf_document import EafDocument
from ferbench.formats.program_files import ImportedFile
from ferbench.sentences import Setting, Text


def chosen_tiers(document: EafDocument, tier: str | None) -> list[str]:
    """Names of the tiers to read. Raises FormatError where one of several must be chosen."""
    if tier == ALL_TIERS:
        return list(document.tiers)
    if tier is not None:
        return [tier]
    lengths = {name: len(each.annotations) for name, each in document.tiers.items()}
    filled = {name: length for name, length in lengths.items() if length}
    if len(filled) > 1:
        raise FormatError(f"{document.path.name}: {_counted(filled)}", hint=_choose(filled))
    return list(filled)


def _counted(filled: Mapping[str, int]) -> str:
    """Tiers, and how many annotations each has."""
    counts = ", ".join(f"{name} ({number})" for name, number in filled.items())
    return f"several tiers have annotations: {counts}"


def _choose(filled: Mapping[str, int]) -> Text:
    """What to do about several tiers with annotations."""
    return Text(
        "choose one with ",
        Setting("format.tier", next(iter(filled))),
        ", or ",
        Setting("format.tier", ALL_TIERS),
        " (where tiers are kinds or annotators: ",
        Setting("format.columns.kind", "tier"),
        " or ",
        Setting("format.columns.annotator", "tier"),
        ")",
    )


def check_one_tier(source: Source, files: Sequence[ImportedFile]) -> None:
    """Raise DatasetError where one of several tiers must be chosen."""
    used = Counter(row.columns["tier"] for file in files for row in file.rows)
    if len(used) > 1:
        raise DatasetError(f"{source.path.name}: {_counted(used)}", hint=_choose(used))


def check_tier_is_there(
    source: Source, documents: Sequence[EafDocument], files: Sequence[ImportedFile]
) -> None:
    """Raise DatasetError where no file has the chosen tier."""
    if any(file.sessions for file in files):
        return
    there = sorted({name for document in documents for name in document.tiers})
    raise DatasetError(
        f"{source.path}: there is no tier {source.options.tier!r}; there are: "
        f"{', '.join(there) or 'none'}",
        key="format.tier",
    )
