"""SCRFD against insightface's own answers.

Both engines, batches, other sizes, files that are something else.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper

from ferbench.errors import ConfigError, DataError
from ferbench.fingerprint import fingerprint
from ferbench.nets import scrfd
from helpers.photographs import (
    IMAGES,
    assert_same,
    configured,
    decoded,
    of_file,
    of_frame,
    placed,
    published_scrfd,
    saved,
    video_frames,
)
from helpers.published import procedural_image
from helpers.reference import report_difference, shared_path

CPU = torch.device("cpu")
FILES = {"scrfd_500m": "scrfd_500m_bnkps.onnx", "scrfd_2.5g": "scrfd_2.5g.onnx"}
ORACLES = [
    ("scrfd_500m", "scrfd_500m_bnkps"),
    ("scrfd_500m", "scrfd_500m"),
    ("scrfd_2.5g", "scrfd_2.5g"),
]
ENGINES = ("onnxruntime", "torch")


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scrfd")
    for choice, name in FILES.items():
        placed(choice, name, folder)
    return folder


@pytest.fixture(scope="module")
def detect(weights):
    loaded = {}

    def get(choice="scrfd_500m", **changes):
        key = (choice, *sorted(changes.items()))
        if key not in loaded:
            loaded[key] = configured(choice, **changes).load(CPU, weights)
        return loaded[key]

    return get


@pytest.mark.weights
@pytest.mark.parametrize("name", IMAGES)
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("choice", "oracle"), ORACLES)
def test_photographs_equal_insightface(choice, oracle, engine, name, detect):
    golden = np.load(shared_path(f"oracles/{oracle}/golden.npz"))
    faces = detect(choice, engine=engine)(decoded(name))
    expected, points = golden[f"det/{name}"], golden[f"kps/{name}"]
    assert len(faces) == len(expected)
    for what, ours, theirs, largest in (
        ("boxes, px", faces.box_xyxy, expected[:, :4], 0.01),
        ("scores", faces.score, expected[:, 4], 1e-4),
        ("landmarks, px", faces.landmarks_xy, points, 0.01),
    ):
        difference = float(np.abs(ours - theirs).max())
        report_difference(f"SCRFD {oracle.removeprefix('scrfd_')}, {engine}, {what}", difference)
        assert difference < largest


def letterboxed(rgb):
    """The original's input, by its own steps."""
    import cv2

    image = rgb[0].permute(1, 2, 0).numpy()
    height, width = image.shape[:2]
    size = (
        (int(640 / (height / width)), 640) if height > width else (640, int(640 * (height / width)))
    )
    canvas = np.zeros((640, 640, 3), np.uint8)
    canvas[: size[1], : size[0]] = cv2.resize(image, size)
    return canvas


@pytest.mark.weights
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("choice", "oracle"), ORACLES)
def test_raw_outputs_equal_the_original_network(choice, oracle, engine, weights):
    golden = np.load(shared_path(f"oracles/{oracle}/golden.npz"))
    path = weights / configured(choice).weights.file
    images = {"t1": letterboxed(decoded("t1"))} | {
        f"proc{k}": procedural_image(k, 640) for k in range(3)
    }
    batch = np.stack([image.transpose(2, 0, 1) for image in images.values()]).astype(np.float32)
    batch = (batch - 127.5) / 128
    model = scrfd.dynamic(path)
    if engine == "torch":
        with torch.inference_mode():
            outputs = [
                output.numpy()
                for output in scrfd.torch_module(model, path)(torch.from_numpy(batch))
            ]
    else:
        session = onnxruntime.InferenceSession(
            model.SerializeToString(), providers=["CPUExecutionProvider"]
        )
        outputs = session.run(None, {session.get_inputs()[0].name: batch})
    names = [key.split("/")[1] for key in golden if key.startswith("raw_t1_probe/")]
    assert len(names) == len(outputs) == 9
    for name, output in zip(names, outputs, strict=True):
        for image, values in zip(images, output, strict=True):
            flat = values.ravel()
            probe = flat[np.linspace(0, flat.size - 1, 32).astype(int)]
            difference = np.abs(probe - golden[f"raw_{image}_probe/{name}"][0]).max()
            report_difference(
                f"SCRFD {oracle.removeprefix('scrfd_')}, {engine}, raw outputs", float(difference)
            )
            assert difference < 2e-4
            stats = [
                flat.mean(dtype=np.float64),
                flat.std(dtype=np.float64),
                flat.min(),
                flat.max(),
            ]
            np.testing.assert_allclose(
                stats, golden[f"raw_{image}_stats/{name}"], rtol=0, atol=2e-4
            )


@pytest.mark.weights
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("choice", FILES)
def test_batches_and_memory_layout_do_not_change_faces(choice, engine, detect, samples):
    find = detect(choice, engine=engine)
    frames = video_frames(samples / "noface_face.mov", (0, 60, 110, 120, 130))
    together = find(frames)
    assert {0, 4} & set(together.frame.tolist()) == {4}, "the first frame has no face, the last has"
    exact = {} if engine == "onnxruntime" else {"box": 1e-2, "score": 1e-4}
    for n in range(len(frames)):
        assert_same(of_frame(together, n), find(frames[n : n + 1]), **exact)
    assert_same(together, find(frames.contiguous()), **exact)
    backwards = find(frames.flip(0))
    for n in range(len(frames)):
        assert_same(of_frame(backwards, 4 - n), of_frame(together, n), **exact)


@pytest.mark.weights
def test_several_frames_of_several_faces(detect):
    alone = detect()(decoded("t1"))
    four = detect()(decoded("t1").repeat(4, 1, 1, 1))
    assert len(alone) == 6
    for n in range(4):
        assert_same(of_frame(four, n), alone)


@pytest.mark.weights
@pytest.mark.parametrize("side", [320, 640, 1024])
@pytest.mark.parametrize("choice", FILES)
def test_engines_find_the_same(choice, side, detect):
    one, two = (detect(choice, engine=engine, input_px=side)(decoded("t1")) for engine in ENGINES)
    assert len(one) >= 6
    assert_same(one, two, box=1e-2, score=1e-4)
    report_difference(
        f"SCRFD, torch against onnxruntime, {side} px, boxes",
        np.abs(one.box_xyxy - two.box_xyxy).max(),
    )


@pytest.mark.weights
def test_number_of_threads_does_not_change_faces(detect):
    frames, before = decoded("t1").repeat(3, 1, 1, 1), torch.get_num_threads()
    try:
        found = []
        for threads in (1, 3):
            torch.set_num_threads(threads)
            found.append(detect()(frames))
    finally:
        torch.set_num_threads(before)
    assert_same(*found)


@pytest.mark.weights
def test_file_without_landmarks(tmp_path, detect):
    model = published_scrfd("scrfd_2.5g.onnx")
    del model.graph.output[6:]
    faces = of_file(saved(model, tmp_path / "boxes.onnx")).load(CPU, tmp_path)(decoded("t1"))
    expected = detect("scrfd_2.5g")(decoded("t1"))
    assert np.isnan(faces.landmarks_xy).all()
    assert_same(
        faces,
        dataclasses.replace(expected, landmarks_xy=np.full_like(expected.landmarks_xy, np.nan)),
    )


def with_group_norm(model, *, written_down):
    """Put a group normalisation of 16 groups before the outputs of stride 8, as exporters of ONNX
    11 write one.
    """
    graph = model.graph
    made = {name: node for node in graph.node for name in node.output}
    node = made[graph.output[0].name]
    while node.op_type != "Relu":
        node = made[node.input[0]]
    source = node.input[0]
    kernel = next(i for i in graph.initializer if i.name == made[source].input[1])
    channels = kernel.dims[0]
    graph.initializer.extend(
        [
            helper.make_tensor("groups", TensorProto.INT64, [3], [0, 16, -1]),
            helper.make_tensor("back", TensorProto.INT64, [4], [1, channels, 80, 80]),
            helper.make_tensor("ones", TensorProto.FLOAT, [16], [1.0] * 16),
            helper.make_tensor("zeros", TensorProto.FLOAT, [16], [0.0] * 16),
        ]
    )
    nodes = [
        helper.make_node("Reshape", [source, "groups"], ["grouped"]),
        helper.make_node(
            "InstanceNormalization", ["grouped", "ones", "zeros"], ["even"], epsilon=1e-5
        ),
        helper.make_node("Shape", [source], ["source shape"]),
        helper.make_node(
            "Reshape", ["even", "back" if written_down else "source shape"], ["normalised"]
        ),
    ]
    at = list(graph.node).index(node)
    for number, new in enumerate(nodes):
        graph.node.insert(at + number, new)
    node.input[0] = "normalised"
    return model


@pytest.mark.weights
@pytest.mark.parametrize("written_down", [True, False])
def test_group_normalisation_stays_within_an_image(written_down, tmp_path):
    """The 10G and 34G networks without landmarks have it."""
    path = saved(
        with_group_norm(published_scrfd(), written_down=written_down), tmp_path / "groups.onnx"
    )
    images = np.stack([procedural_image(k, 640).transpose(2, 0, 1) for k in range(2)])
    batch = (images.astype(np.float32) - 127.5) / 128
    original = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    expected = [original.run(None, {"input.1": batch[n : n + 1]}) for n in range(2)]
    model = scrfd.dynamic(path)
    ours = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    with torch.inference_mode():
        by_torch = scrfd.torch_module(model, path)(torch.from_numpy(batch))
    for at, output in enumerate(ours.run(None, {"input.1": batch})):
        for n in range(2):
            np.testing.assert_allclose(
                output[n], expected[n][at].reshape(output[n].shape), rtol=0, atol=1e-5
            )
            np.testing.assert_allclose(by_torch[at][n].numpy(), output[n], rtol=0, atol=2e-4)


@pytest.mark.weights
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "shape",
    [
        (0, 3, 90, 90),
        (2, 3, 90, 120),
        (1, 3, 3, 2000),
        (1, 3, 2000, 3),
        (1, 3, 1, 1),
        (1, 3, 640, 640),
    ],
)
def test_no_face_no_row(shape, engine, detect):
    assert len(detect(engine=engine)(torch.full(shape, 128, dtype=torch.uint8))) == 0


@pytest.mark.weights
def test_limits(detect):
    image = decoded("t1")
    best = detect()(image).score[2]
    assert len(detect(min_score=float(best))(image)) == 3  # the least score itself is enough
    assert len(detect(overlap=1.0)(image)) > 6
    assert (np.diff(detect(overlap=1.0)(image).score) <= 0).all()


@pytest.mark.weights
def test_nothing_is_printed(weights, capfd):
    for engine in ENGINES:
        configured("scrfd_500m", engine=engine).load(CPU, weights)(decoded("obama"))
    assert capfd.readouterr() == ("", "")


@pytest.mark.weights
@pytest.mark.parametrize(
    "frames",
    [
        torch.zeros(1, 3, 64, 64),
        torch.zeros(1, 64, 64, 3, dtype=torch.uint8),
        torch.zeros(3, 64, 64).byte(),
    ],
)
def test_wrong_frames_are_refused(frames, detect):
    with pytest.raises(DataError, match="expected frames u8"):
        detect()(frames)


@pytest.mark.parametrize(
    "wrong",
    [
        {"input_px": 0},
        {"input_px": 650},
        {"min_score": 1.0},
        {"min_score": -0.1},
        {"overlap": 1.1},
        {"engine": "cuda"},
    ],
)
def test_wrong_fields_are_refused(wrong):
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        configured("scrfd_500m", **wrong)


def test_onnxruntime_is_refused_on_another_device(weights):
    with pytest.raises(ConfigError, match=r"engine.*the device is cuda"):
        configured("scrfd_500m", engine="onnxruntime").load(torch.device("cuda"), weights)


def test_key_follows_what_changes_results():
    spec = configured("scrfd_500m")
    assert fingerprint(spec) == fingerprint(
        dataclasses.replace(spec, weights=dataclasses.replace(spec.weights, file="x"))
    )
    for change in ({"input_px": 320}, {"min_score": 0.4}, {"overlap": 0.3}, {"engine": "torch"}):
        assert fingerprint(spec) != fingerprint(configured("scrfd_500m", **change))
