"""The networks of a recipe: their weight files are ensured, and each is loaded at its first use."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

from ferbench.pipeline.device_memory import fits
from ferbench.pipeline.recipe import Recipe, Runtime
from ferbench.types import Faces
from ferbench.weights import loading
from ferbench.weights.checking import check_all, is_there
from ferbench.weights.digests import known_digest, with_resolved_digests
from ferbench.weights.fetching import fetch
from ferbench.weights.published import PublishedFile

if TYPE_CHECKING:
    import torch

Engine = TypeVar("Engine")


def choose_products(runtime: Runtime) -> None:
    """Have NVIDIA GPUs multiply matrices as precisely as the runtime says."""
    import torch

    torch.backends.cuda.matmul.allow_tf32 = runtime.tf32
    torch.backends.cudnn.allow_tf32 = runtime.tf32


class LoadedNetworks:
    """Networks that are loaded already, for several recipes that have some in common."""

    def __init__(self) -> None:
        self._loaded: list[tuple[object, object]] = []

    def get(self, component: loading.Loadable[Engine], load: Callable[[], Engine]) -> Engine:
        """The loaded component; ``load`` is called where none equals it."""
        for known, engine in self._loaded:
            if type(known) is type(component) and known == component:
                return cast("Engine", engine)
        engine = load()
        self._loaded.append((component, engine))
        return engine


class Networks:
    """Detector and model of one recipe, on one device.

    Attributes:
        recipe: whose networks.
        runtime: how this machine computes.
        models: folder of weight files.
        notify: told a sentence before each download.
        device: where the networks run.
    """

    def __init__(
        self,
        recipe: Recipe,
        runtime: Runtime,
        models: Path,
        *,
        notify: Callable[[str], None],
        loaded: LoadedNetworks | None = None,
    ) -> None:
        self.recipe = recipe
        self.runtime = runtime
        self.models = models
        self.notify = notify
        self.device = runtime.torch_device()
        self._loaded = loaded or LoadedNetworks()
        self._origins: dict[str, str] = {}  # of weight files that were fetched now
        self._checked: tuple[tuple[int, int], ...] = ()  # the files when they were checked

    @cached_property
    def detect(self) -> Callable[[torch.Tensor], Faces]:
        """The detector, loaded."""
        return self._load(self.recipe.detector)

    @cached_property
    def recognise(self) -> Callable[[torch.Tensor], torch.Tensor]:
        """The model, loaded."""
        return self._load(self.recipe.model)

    def _load(self, component: loading.Loadable[Engine]) -> Engine:
        choose_products(self.runtime)
        with fits(type(component).__name__, self.device):
            return self._loaded.get(
                component,
                lambda: loading.load(component, self.device, self.models, origins=self._origins),
            )

    @cached_property
    def resolved_recipe(self) -> Recipe:
        """The recipe with the whole digest of every weight file.

        Raises:
            WeightsError: nobody knows a file's digest yet, and it cannot be had, or does not fit.
        """
        if self._any_new(self._files()):
            self.ensure_weights()
        return with_resolved_digests(self.recipe, self.models)

    def _files(self) -> tuple[PublishedFile, ...]:
        return (*self.recipe.detector.weights_files(), *self.recipe.model.weights_files())

    def ensure_weights(self) -> None:
        """Fetch the weight files that are missing, if the runtime allows it, and check them all.

        Networks of files whose digest nobody knows yet are loaded: then it is known. A file is
        hashed again only where its size or time changed.

        Raises:
            WeightsError: one cannot be had, or is not what it should be; better once, before the
                first video, than at every video. One error tells all.
        """
        files = self._files()
        if self._checked and self._checked == self._file_states():
            return
        if self.runtime.fetch_weights:
            missing = [file for file in files if not is_there(file, self.models)]
            self._origins |= {file.file: str(file.source) for file in missing}
            fetch(files, self.models, notify=self.notify)
        else:
            check_all(files, self.models)
        if self._any_new(self.recipe.detector.weights_files()):
            _ = self.detect
        if self._any_new(self.recipe.model.weights_files()):
            _ = self.recognise
        self._checked = self._file_states()

    def _any_new(self, files: Iterable[PublishedFile]) -> bool:
        """Whether nobody knows the digest of some file yet."""
        return any(known_digest(file, self.models) is None for file in files)

    def _file_states(self) -> tuple[tuple[int, int], ...]:
        """Size and time of every weight file; () where one is missing."""
        try:
            about = [(self.models / file.file).stat() for file in self._files()]
        except OSError:
            return ()
        return tuple((one.st_size, one.st_mtime_ns) for one in about)
