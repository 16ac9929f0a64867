"""The page of a leaderboard."""

from __future__ import annotations

from ferbench.pages.document import Page
from ferbench.pages.inspect_charts import Matrix, Reliability
from ferbench.pages.inspect_page import Grid, Picture, Section, Sheet
from ferbench.pages.leaderboard_page import leaderboard_page
from ferbench.report.statistics_words import number
from ferbench.scoring.classification import Share
from ferbench.workflows.standings import tables, text
from ferbench.workflows.standings.board import Board, Standing
from ferbench.workflows.standings.faces import SeenFace, SeenFaces


def page_of(board: Board) -> Page:
    """The page: the table, then each model and crop."""
    sections = [_all_section(board), *(_section(each) for each in board.standings)]
    return leaderboard_page(
        text.title(board),
        tuple(sections),
        warnings=tuple(str(each) for each in text.warnings(board)),
        notes=tuple(str(each) for each in text.notes(board)),
    )


def _all_section(board: Board) -> Section:
    header = (
        *("model and crop", "accuracy", "95 %", "published", "if found", "no face"),
        *("macro F1", "balanced accuracy", "ECE", "Brier", "log loss", "images/s", "speed"),
    )
    rows = []
    for each in board.standings:
        scores = each.scores
        rows.append(
            (
                each.name,
                number(scores.accuracy.value),
                _interval(scores.accuracy),
                text.published_text(board, each),
                number(scores.accuracy_found.value),
                str(scores.no_face),
                number(scores.macro_f1),
                number(scores.balanced_accuracy),
                number(scores.calibration.ece),
                number(scores.brier),
                number(scores.log_loss),
                number(each.images_per_s, 1) + ("*" if each.was_stored else ""),
                f"{number(board.relative_speed(each), 2)} x",
            )
        )
    grid = Grid(
        caption="Models and crops, best first",
        header=header,
        rows=tuple(rows),
        file="leaderboard.csv",
    )
    intro = (
        "Accuracy counts images without a face as wrong; 'if found' leaves them out. Published "
        "is what a model's authors tell of the same data and as many classes; ! = the measured "
        "interval lies below it.",
    )
    return Section(title="All", intro=intro, grids=(grid,))


def _interval(share: Share) -> str:
    return f"{number(share.low)} to {number(share.high)}"


def _section(standing: Standing) -> Section:
    scores = standing.scores
    header, rows = tables.confusion_table(standing)
    matrix = Matrix(
        true=scores.classes,
        said=header[1:],
        counts=tuple(tuple(int(count) for count in row[1:]) for row in rows),  # type: ignore[call-overload]
    )
    found = scores.calibration
    diagram = Reliability(
        confidence=tuple(found.confidence.tolist()),
        correct=tuple(found.correct.tolist()),
        frames=tuple(found.frames.tolist()),
        unit="images",
    )
    grids: tuple[Grid, ...] = (
        Grid(
            caption="What is taken for what: share of each row, and images",
            header=("true", *matrix.said),
            rows=matrix.rows,
            is_wide=False,
        ),
        Grid(
            caption="Each class",
            header=("class", "images", "precision", "recall", "F1"),
            rows=tuple(
                (
                    one.name,
                    str(one.images),
                    number(one.precision),
                    number(one.recall),
                    number(one.f1),
                )
                for one in scores.by_class
            ),
            file="classes.csv",
            is_wide=False,
        ),
        Grid(
            caption="Is it as often right as it is sure?",
            header=("", "reliability"),
            rows=((f"ECE {number(found.ece)}", diagram),),
            file="calibration.csv",
            is_wide=False,
        ),
    )
    if standing.regressions:
        grids = (*grids, _regressions(standing))
    sheets = () if standing.faces is None else (_sheet(standing.faces),)
    return Section(title=standing.name, intro=_intro(standing), grids=grids, sheets=sheets)


def _regressions(standing: Standing) -> Grid:
    rows = tuple(
        (one.name, str(one.images), number(one.ccc), number(one.pearson), number(one.rmse))
        for one in standing.regressions
    )
    return Grid(
        caption="What it says besides, beside what people rated",
        header=("", "images", "CCC", "Pearson", "RMSE"),
        rows=rows,
        file="regressions.csv",
        is_wide=False,
    )


def _sheet(faces: SeenFaces) -> Sheet:
    """The faces on which it is surest."""
    groups = tuple(tuple(map(_picture, group)) for group in (faces.wrong, faces.right))
    return Sheet(
        title="As the network sees them",
        about=faces.input,
        header=("surest and wrong", "surest and right"),
        rows=(("faces", groups),),
    )


def _picture(face: SeenFace) -> Picture:
    said = face.said or "another class"
    return Picture(
        png=face.png,
        what=f"{face.name}: {face.true}, said {said}",
        lines=(face.true, f"{said} {face.confidence:.2f}"),
    )


def _intro(standing: Standing) -> tuple[str, ...]:
    lines = []
    if standing.differences:
        lines.append(f"Cut otherwise than in training: {', '.join(standing.differences)}.")
    if standing.way.note:
        lines.append(f"{standing.way.note}.")
    return tuple(lines)
