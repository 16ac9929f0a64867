"""ONNX files: read with care, and run on a CPU.

An ONNX file is a list of operators with their numbers. It holds no program, but it may name other
files that are to be read with it, and operators from libraries; both are refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ferbench.errors import WeightsError
from ferbench.sentences import Action, Text

if TYPE_CHECKING:
    import onnx
    from onnxruntime import InferenceSession

_MAX_NAMED: Final = 5
_ONLY_FATAL: Final = 4
_FLOATS: Final = frozenset({1, 10, 11})  # TensorProto's FLOAT, FLOAT16, DOUBLE
_ADVICE: Final = Text(
    "Delete it, and run ", Action("fetch_weights"), " or bring the network's own file"
)


def read(path: Path, *, network: str, operators: frozenset[str]) -> onnx.ModelProto:
    """Read an ONNX file.

    Args:
        path: the file.
        network: what it should be, for messages.
        operators: names of ONNX's operators that such a network may have.

    Raises:
        WeightsError: it cannot be read, holds no network, has other operators, wants other files
            read with it, or has numbers that are NaN or infinite.
    """
    model = _parsed(path)
    if not model.graph.node:
        raise _refusal(f"{path} holds no network: expected the ONNX file of {network}")
    _refuse_foreign_operators(model, path, network, operators)
    _refuse_outside_numbers(model, path)
    _refuse_invalid(model, path)
    _refuse_no_numbers(model, path)
    return model


def _parsed(path: Path) -> onnx.ModelProto:
    import onnx

    try:
        return onnx.load_model_from_string(path.read_bytes())
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error.strerror or error}") from error
    except Exception as error:  # protobuf's own error
        raise _refusal(
            f"{path} cannot be read as an ONNX file: it is cut short, or something else, such as a "
            "page that tells of an error"
        ) from error


def _refuse_foreign_operators(
    model: onnx.ModelProto, path: Path, network: str, operators: frozenset[str]
) -> None:
    foreign = sorted({_name(node) for node in model.graph.node} - operators)
    if foreign or model.functions:
        names = ", ".join(foreign[:_MAX_NAMED]) or "functions of its own"
        raise _refusal(f"{path} is not {network}: it has operators that none of these has: {names}")


def _refuse_outside_numbers(model: onnx.ModelProto, path: Path) -> None:
    outside = [tensor.name for tensor in _tensors(model) if _is_outside(tensor)]
    if outside or _has_sparse_numbers(model):
        names = ", ".join(outside[:_MAX_NAMED]) or "sparse ones"
        raise _refusal(
            f"{path} does not hold its numbers itself, it has them read from other files "
            f"({names}); nothing was read"
        )


def _refuse_invalid(model: onnx.ModelProto, path: Path) -> None:
    import onnx

    try:
        onnx.checker.check_model(model)
    except Exception as error:
        reason = " ".join(str(error).split())
        raise _refusal(f"{path} is not a valid ONNX file: {reason}") from error


def _refuse_no_numbers(model: onnx.ModelProto, path: Path) -> None:
    """A single infinite number is none of the weights, but a bound, such as Clip's."""
    import numpy as np
    from onnx import numpy_helper

    wrong = []
    for tensor in model.graph.initializer:
        if tensor.data_type in _FLOATS:
            values = numpy_helper.to_array(tensor)
            is_bound = values.size == 1 and not np.isnan(values).any()
            if not (is_bound or np.isfinite(values).all()):
                wrong.append(tensor.name)
    if wrong:
        names = ", ".join(wrong[:_MAX_NAMED])
        raise _refusal(
            f"{path} has values that are NaN or infinite in {len(wrong)} tensor(s): {names}"
        )


def _refusal(reason: str) -> WeightsError:
    return WeightsError(Text(f"{reason}. ", _ADVICE))


def _is_outside(tensor: onnx.TensorProto) -> bool:
    """Whether a tensor's numbers are in another file."""
    import onnx

    return tensor.data_location == onnx.TensorProto.EXTERNAL


def _has_sparse_numbers(model: onnx.ModelProto) -> bool:
    """Whether there are sparse numbers anywhere, which no published network has."""
    attributes = [attribute for node in model.graph.node for attribute in node.attribute]
    in_attributes = any(each.HasField("sparse_tensor") for each in attributes)
    return (
        in_attributes
        or any(each.sparse_tensors for each in attributes)
        or bool(model.graph.sparse_initializer)
    )


def _name(node: onnx.NodeProto) -> str:
    """An operator of ONNX itself by its name, others with their library's."""
    return node.op_type if node.domain in ("", "ai.onnx") else f"{node.domain}.{node.op_type}"


def _tensors(model: onnx.ModelProto) -> Iterator[onnx.TensorProto]:
    """All numbers of a graph without inner graphs (operators with some are on nobody's list)."""
    yield from model.graph.initializer
    for node in model.graph.node:
        for attribute in node.attribute:
            yield attribute.t
            yield from attribute.tensors


def session(model: onnx.ModelProto | bytes, path: Path) -> InferenceSession:
    """Have onnxruntime compute a graph on the CPU, one thread for each call.

    Calls may come from several threads.

    For a small network, calls side by side are faster than to share the work of each one, and the
    number of threads cannot change a result.

    Args:
        model: the graph, or its bytes.
        path: the file that it comes from, for messages.

    Raises:
        WeightsError: onnxruntime does not take the graph.
    """
    import onnxruntime

    onnxruntime.disable_telemetry_events()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = _ONLY_FATAL
    data = model if isinstance(model, bytes) else model.SerializeToString()
    try:
        return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors have no common class
        raise _refusal(
            f"{path} cannot be run by onnxruntime: {' '.join(str(error).split())}"
        ) from error
