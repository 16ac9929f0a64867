"""Which annotations are scored: those that were named, or those of a study's data set."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from ferbench.checks import from_home
from ferbench.config.choices import component_for
from ferbench.datasets.naming import Naming
from ferbench.datasets.study import Study
from ferbench.errors import ConfigError
from ferbench.formats.annotation_table import Table
from ferbench.sentences import Setting, Text
from ferbench.workflows.matched_sessions import Unlisted
from ferbench.workflows.score_tables import table_from


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What was said of the annotations.

    Attributes:
        annotations: the file or folder; None = it is the data set's.
        table: how that is written.
        naming: how sessions are named.
        annotator: whose rows.
        unlisted: what a session without a row is.
    """

    annotations: Path | None
    table: Table
    naming: Naming
    annotator: str | None
    unlisted: Unlisted


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnotationSource(Given):
    """The same, with a file in any case.

    Attributes:
        study: whose annotations they are, which says when its sessions began; None = nobody's.
    """

    annotations: Path
    study: Study | None = None


def annotations_of(
    given: Given,
    dataset: str | None,
    *,
    config_dir: Path | None = None,
    camera: str | None = None,
) -> AnnotationSource:
    """The annotations to score.

    Args:
        given: what was said of them.
        dataset: a study's choice of ``conf/dataset``, which says all of it but whose rows are
            used, where ``given`` says that; None = ``given`` says all.
        config_dir: a folder with further choices.
        camera: of the study, by whose videos clock times become seconds of the sessions; None = as
            the data set says.

    Raises:
        ConfigError: there are none, or both are given, or the data set is no study.
    """
    if dataset is None:
        if camera is not None:
            raise ConfigError(
                Text("is one of a study's, expected its ", Setting("dataset")), key="camera"
            )
        return _named(given)
    study = component_for("dataset", dataset, config_dirs=(config_dir,) if config_dir else ())
    if not isinstance(study, Study):
        raise ConfigError(
            key="dataset", expected="a data set of videos with annotations", got=dataset
        )
    if study.annotations is None:
        raise ConfigError(f"the data set {dataset} has no annotations", key="dataset")
    if not _is_plain(given):
        raise ConfigError(
            Text(
                "the data set says how its annotations are written; of their settings only ",
                Setting("annotator"),
                " goes with it",
            ),
            key="dataset",
        )
    unlisted: Unlisted = "empty" if study.unlisted == "empty" else "unannotated"
    return AnnotationSource(
        annotations=given.annotations or from_home(study.annotations),
        table=study.format,
        naming=Naming(template=study.session_name),
        annotator=given.annotator or study.annotator,
        unlisted=unlisted,
        study=replace(study, camera=camera or study.camera),
    )


def _is_plain(given: Given) -> bool:
    """Whether nothing was said of annotations but which file they are, and whose."""
    plain = table_from(
        columns=(), keep=(), time_format="auto", frame_rate_hz=None, sheet=None, tier=None
    )
    return given == Given(
        annotations=given.annotations,
        table=plain,
        naming=Naming(template="{session}"),
        annotator=given.annotator,
        unlisted="unannotated",
    )


def _named(given: Given) -> AnnotationSource:
    if given.annotations is None:
        raise ConfigError(
            Text("annotations are missing: name their file, or a study's ", Setting("dataset"))
        )
    return AnnotationSource(
        annotations=given.annotations,
        table=given.table,
        naming=given.naming,
        annotator=given.annotator,
        unlisted=given.unlisted,
    )
