"""``ferbench predict``: faces and expressions of videos, without annotations."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from ferbench.app.cli.completion import choices
from ferbench.app.words import OptionWords
from ferbench.errors import ConfigError, FerbenchError

if TYPE_CHECKING:
    from ferbench.config.choices import Choice
    from ferbench.workflows.predict import PredictedVideo, PredictOptions

INTERRUPTED: Final = 130
OPTIONS: Final = {
    "camera": "--camera",
    "dataset": "--dataset",
    "dataset.camera": "--camera",
    "detector": "--detector",
    "detector.min_score": "--min-score",
    "experiment": "--experiment",
    "model": "--model",
    "out": "--out",
    "overwrite": "--overwrite",
    "preprocessing": "--preprocessing",
    "reader.rate_hz": "--rate",
    "recursive": "--recursive",
    "runtime.batch_size": "--batch-size",
    "runtime.chunk_s": "--chunk-s",
    "runtime.detect_every": "--detect-every",
    "runtime.device": "--device",
    "runtime.on_damaged=keep": "--keep-damaged",
    "runtime.retry_suspects=true": "--retry-suspects",
    "runtime.target_fps": "--target-fps",
    "selector": "--selector",
}
"""The option of each field that a message may name."""
WORDS: Final = OptionWords(OPTIONS, in_file=("dataset",))


def predict(
    sources: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="VIDEO|DIR", help="A video, or a folder of videos; not needed with --dataset."
        ),
    ] = None,
    dataset: Annotated[
        str | None,
        typer.Option(
            help="A study's data set, as 'init' writes it: its videos, named after its sessions.",
            autocompletion=choices("dataset"),
        ),
    ] = None,
    config_dir: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder with data sets of your own.")
    ] = None,
    camera: Annotated[
        str | None, typer.Option(help="Whose videos, where the study has several cameras.")
    ] = None,
    recursive: Annotated[
        bool, typer.Option("--recursive", help="Also the videos in the folders below.")
    ] = False,
    experiment: Annotated[
        str | None,
        typer.Option(
            help="All choices of an experiment, for example thesis.",
            autocompletion=choices("experiment"),
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(help="Expression model (mini_xception).", autocompletion=choices("model")),
    ] = None,
    detector: Annotated[
        str | None,
        typer.Option(
            help="Face detector (retinaface_mnet025).", autocompletion=choices("detector")
        ),
    ] = None,
    min_score: Annotated[
        float | None,
        typer.Option(
            help="Least score of a face (as the detector's yaml says); a low one finds more faces "
            "to hide."
        ),
    ] = None,
    preprocessing: Annotated[
        str | None,
        typer.Option(
            help="From box to crop (square_margin).", autocompletion=choices("preprocessing")
        ),
    ] = None,
    batch_size: Annotated[int, typer.Option(min=1, help="Frames per detector call.")] = 16,
    target_fps: Annotated[
        float | None, typer.Option(help="Frames per second that are looked at (all).")
    ] = None,
    detect_every: Annotated[
        int,
        typer.Option(min=1, help="Detect in every n-th frame, faces between are interpolated."),
    ] = 1,
    out: Annotated[Path, typer.Option(help="Folder for the tables.")] = Path("predictions"),
    form: Annotated[
        str,
        typer.Option(
            "--format",
            help="tables (.parquet and .csv, all faces) or thesis (the thesis' CSV, one face).",
        ),
    ] = "tables",
    selector: Annotated[
        str | None,
        typer.Option(
            help="thesis: which face is the participant (largest).",
            autocompletion=choices("selector"),
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace tables of other videos.")
    ] = False,
    show: Annotated[
        bool, typer.Option("--show", help="Show what is found in a window; q closes it.")
    ] = False,
    realtime: Annotated[
        bool,
        typer.Option("--realtime", help="The same at the video's own speed, late frames left out."),
    ] = False,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    keep_damaged: Annotated[
        bool, typer.Option(help="Use what can be decoded of a damaged video.")
    ] = False,
    retry_suspects: Annotated[
        bool,
        typer.Option("--retry-suspects", help="Open videos again that ended their decoder before."),
    ] = False,
    chunk_s: Annotated[
        float,
        typer.Option(
            help="Seconds of computing after which what is finished of a video is stored; the same "
            "command goes on from there."
        ),
    ] = 60.0,
    rate: Annotated[
        float | None,
        typer.Option(
            help="Frames per second of files without a clock (.h264, .hevc, .m1v, .m4v, .mjpeg)."
        ),
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show what was computed and how fast.")
    ] = False,
) -> None:
    """Find faces and classify their expressions; write tables per video.

    The thesis' CSV, <video>.<model>.<detector>.csv, has a line per frame: box of the chosen face,
    scores of angry, disgust, fear, happy, sad, surprise and neutral, label. Models whose name ends
    in _thesis store scores and label as the thesis' program did, its errors included; others
    probabilities, and label and columns agree. <video>.<detector>.csv beside it has the detector's
    first faces.
    """
    from ferbench.workflows.predict import PredictOptions

    if form not in ("tables", "thesis"):
        raise FerbenchError(f"--format: expected tables or thesis, got {form!r}")
    if selector is not None and form != "thesis":
        raise ConfigError(
            "--selector chooses the face for --format thesis; our tables hold all faces, "
            "leave it out"
        )
    options = PredictOptions(
        source=_one_source(sources or ()),
        dataset=dataset,
        camera=camera,
        config_dirs=() if config_dir is None else (config_dir,),
        recursive=recursive,
        out=out,
        choices={
            "model": model,
            "detector": _detector(detector, min_score),
            "preprocessing": preprocessing,
            "selector": selector,
            "reader": None if rate is None else {"rate_hz": rate},
            "runtime": {
                "batch_size": batch_size,
                "target_fps": target_fps,
                "detect_every": detect_every,
                "device": device,
                "on_damaged": "keep" if keep_damaged else "error",
                "retry_suspects": retry_suspects,
                "chunk_s": chunk_s,
            },
        },
        experiment=experiment,
        form=form,  # type: ignore[arg-type]
        overwrite=overwrite,
        show=show,
        realtime=realtime,
    )
    code = _predict(options, verbose=verbose)
    if code:
        raise typer.Exit(code)


def _one_source(sources: Sequence[Path]) -> Path | None:
    """The video or folder.

    Raises:
        ConfigError: there are several, as a shell makes them of ``*.mp4``.
    """
    if len(sources) > 1:
        folder = sources[0].parent
        raise ConfigError(
            f"expected one video or one folder, got {len(sources)} files; give the folder, which "
            f"takes all videos in it: {folder}"
        )
    return sources[0] if sources else None


def _detector(choice: str | None, min_score: float | None) -> Choice:
    """The detector, with another threshold where one is given."""
    if min_score is None:
        return choice
    named = {} if choice is None else {"choice": choice}
    return {**named, "min_score": min_score}


def _predict(options: PredictOptions, *, verbose: bool) -> int:
    """Predict and print; return the exit code: 1 = a video failed, 130 = Ctrl-C."""
    from ferbench.app.cli.options import errors_in_words
    from ferbench.app.console import error_console, frames_bar, tell_finishing
    from ferbench.interrupts import heed_signals
    from ferbench.wording import plural
    from ferbench.workflows.predict import videos_to_predict
    from ferbench.workflows.progress import Progress

    errors = error_console()
    heed_signals(tell_finishing)
    num_failed = num_written = 0
    with errors_in_words(WORDS):
        to_predict = videos_to_predict(
            options, notify=lambda sentence: errors.print(sentence, markup=False)
        )
        if to_predict.num_ignored:
            errors.print(
                f"note: {plural(to_predict.num_ignored, 'video')} in the folders below "
                f"{options.source} left out; --recursive takes them too",
                markup=False,
            )
        for sentence in to_predict.left_out:
            errors.print(f"note: {sentence}", markup=False)
        num_videos = len(to_predict.videos)
        try:
            with frames_bar() as bar:

                def show(progress: Progress) -> None:
                    bar(progress.done_frames, progress.total_frames, progress.videos)

                for video in to_predict.run(on_progress=show):
                    _print_video(video, verbose=verbose)
                    num_failed += video.error is not None
                    num_written += video.error is None
        except KeyboardInterrupt:
            written = f"{num_written} of {plural(num_videos, 'table')} written"
            goes_on = "the same command goes on from what is finished"
            errors.print(f"interrupted; {written}; {goes_on}", markup=False)
            return INTERRUPTED
    return int(num_failed > 0)


def _print_video(video: PredictedVideo, *, verbose: bool) -> None:
    from ferbench.app.console import error_console, output_console
    from ferbench.app.words import reason_in
    from ferbench.report.analysis_text import analysis_details, analysis_line
    from ferbench.sentences import told
    from ferbench.video.time_notes import video_notes

    if video.analysis is None:
        assert video.error is not None
        reason = reason_in(WORDS, video.error).removeprefix(f"{video.path}: ")
        error_console().print(f"failed: {video.path.name}: {reason}", markup=False, style="red")
        return
    screen = output_console()
    line = f"{video.path.name}: {analysis_line(video.analysis)} -> {video.table}"
    screen.print(line, markup=False)
    for note in video_notes(video.analysis.timeline):
        sentence = told(note, WORDS)
        error_console().print(f"note: {video.path.name}: {sentence}", markup=False)
    if verbose:
        screen.print(analysis_details(video.analysis), markup=False)
