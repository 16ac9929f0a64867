"""Surveys of folders of videos, and the data sets that are written of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from ferbench.config.binding import build
from ferbench.datasets.study import Study
from ferbench.workflows.survey import Survey, SurveyOptions, survey
from ferbench.workflows.survey_files import DataSetFiles, data_set_files, write_data_set


def look_and_write(out: Path, videos: Path, **options: Any) -> tuple[Survey, DataSetFiles]:
    """Look at a study and write a data set for it, as ``ferbench init`` does."""
    files = data_set_files(videos, out)
    found = survey(SurveyOptions(videos=videos, **options))
    write_data_set(found, files)
    return found, files


def study_of(data_set: Path, **changes: object) -> Study:
    """The data set of a written file, as a run builds it."""
    node = OmegaConf.to_container(OmegaConf.load(data_set), resolve=True)
    study = build({**node, **changes}, where="dataset")
    assert isinstance(study, Study)
    return study
