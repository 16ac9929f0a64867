"""Weight files: what is published, where it is, whether it is right, and networks loaded from it.

``published`` says what a file is and fetches it; ``lock`` keeps digests that nobody published;
``download`` has the ways a file can come; ``importing`` finds files that are here already;
``checkpoints``, ``pickled_model`` and ``onnx_graph`` read them without running their code;
``loading`` builds a component's networks and holds to the files that they were loaded from.
"""

from __future__ import annotations

from ferbench.weights.download.sources import Source
from ferbench.weights.published import PublishedFile

__all__ = ["PublishedFile", "Source"]
