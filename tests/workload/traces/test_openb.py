"""The openb importer: small files made here, and the real trace where it is at hand."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simk8s.errors import UserError
from simk8s.kernel.streams import Streams
from simk8s.workload.columns import ANY_MODEL, FOREVER
from simk8s.workload.traces.openb import MIB, Openb, Params

REAL = Path(__file__).parents[4] / "shared" / "traces" / "alibaba-gpu-v2023-openb"
needs_trace = pytest.mark.skipif(not REAL.is_dir(), reason="no ../shared/traces with openb")

NODES = """sn,cpu_milli,memory_mib,gpu,model
n-0,32000,262144,0,
n-1,96000,786432,8,V100M32
n-2,64000,262144,2,T4
"""
_TIMES = "creation_time,deletion_time,scheduled_time"
PODS = f"""name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,{_TIMES}
p-0,12000,16384,1,1000,,LS,Running,1000,5000,1000
p-1,6000,12288,1,460,V100M16|V100M32,BE,Running,3000,4000,3500
p-2,4000,0,0,0,,BE,Pending,2000,2600,
p-3,8000,1024,8,1000,T4,LS,Failed,2000,2000,2000
"""


def written(folder: Path, text: str, name: str = "x.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def columns(folder: Path, text: str = PODS, seed: int = 1, **params: Any) -> Any:
    path = written(folder, text, "pods.csv")
    source = Openb(Params(path=path.name, **params), folder).source("openb", "default")
    (chunk,) = source.chunks(Streams(seed), 10**12)
    return source, chunk


def problems(call: Any) -> list[str]:
    with pytest.raises(UserError) as caught:
        call()
    return [str(problem) for problem in caught.value.problems]


def test_nodes(tmp_path: Path) -> None:
    plain, gpu, _ = Openb.nodes(written(tmp_path, NODES))
    assert (plain.name, plain.cpu_milli, plain.memory_bytes) == ("n-0", 32_000, 262_144 * MIB)
    assert (plain.gpu_count, plain.gpu_model, plain.labels) == (0, None, {})
    assert (gpu.gpu_count, gpu.gpu_model) == (8, "V100M32")
    assert gpu.labels == {"alibabacloud.com/gpu-card-model": "V100M32"}


def test_only_gpu_nodes(tmp_path: Path) -> None:
    assert [n.name for n in Openb.nodes(written(tmp_path, NODES), "gpu")] == ["n-1", "n-2"]


def test_gzip_and_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "nodes.csv.gz"
    path.write_bytes(gzip.compress(b"\xef\xbb\xbf" + NODES.replace("\n", "\r\n").encode()))
    assert len(Openb.nodes(path)) == 3


def test_pack_is_in_file_order_without_departures(tmp_path: Path) -> None:
    source, chunk = columns(tmp_path)
    assert source.drop_unfit
    assert chunk.names == ["p-0", "p-1", "p-2", "p-3"]
    assert chunk.when_us.tolist() == [0, 100_000, 200_000, 300_000]
    assert (chunk.lifetime_us == FOREVER).all()
    assert chunk.requests["cpu"].tolist() == [12_000, 6_000, 4_000, 8_000]
    assert chunk.requests["memory"].tolist() == [16_384 * MIB, 12_288 * MIB, 0, 1024 * MIB]


def test_gpu_columns(tmp_path: Path) -> None:
    source, chunk = columns(tmp_path)
    assert chunk.gpu_count.tolist() == [1, 1, 0, 8]
    assert chunk.gpu_milli.tolist() == [1000, 460, 0, 1000]
    sets = [None if i == ANY_MODEL else source.gpu_model_sets[i] for i in chunk.gpu_models]
    assert sets == [None, {"V100M16", "V100M32"}, None, {"T4"}]


def test_templates_by_class(tmp_path: Path) -> None:
    source, chunk = columns(tmp_path)
    labels = [source.templates[i]["metadata"]["labels"]["openb/qos"] for i in chunk.template]
    assert labels == ["LS", "BE", "BE", "LS"]


def test_shuffle_moves_whole_rows_by_the_seed(tmp_path: Path) -> None:
    rows = "".join(f"q-{i},{i + 1},1,0,0,,BE,Running,0,9,0\n" for i in range(200))
    text = PODS.splitlines()[0] + "\n" + rows
    _, first = columns(tmp_path, text, shuffle=True)
    _, again = columns(tmp_path, text, shuffle=True)
    _, other = columns(tmp_path, text, seed=2, shuffle=True)
    assert first.names == again.names != other.names
    assert first.names != [f"q-{i}" for i in range(200)]
    assert [int(name[2:]) + 1 for name in first.names] == first.requests["cpu"].tolist()


def test_replay_keeps_times_from_the_first(tmp_path: Path) -> None:
    source, chunk = columns(tmp_path, mode="replay", compress=10)
    assert not source.drop_unfit
    assert chunk.names == ["p-0", "p-2", "p-3", "p-1"]
    assert chunk.when_us.tolist() == [0, 100_000_000, 100_000_000, 200_000_000]
    # From its start where it started, from creation where it did not, at least 1 µs.
    assert chunk.lifetime_us.tolist() == [4_000_000_000, 600_000_000, 1, 500_000_000]


def test_the_horizon_cuts(tmp_path: Path) -> None:
    written(tmp_path, PODS)
    source = Openb(Params(path="x.csv"), tmp_path).source("openb", "default")
    (chunk,) = source.chunks(Streams(1), 150_000)
    assert len(chunk) == 2


def test_lists_without_times_can_be_packed_only(tmp_path: Path) -> None:
    text = "name,cpu_milli,memory_mib,num_gpu,gpu_milli\np-0,1000,1024,1,500\n"
    _, chunk = columns(tmp_path, text)
    assert chunk.gpu_milli.tolist() == [500]
    found = problems(lambda: columns(tmp_path, text, mode="replay"))
    assert found[0].endswith("pods.csv:1:1: E306 the column `creation_time` is missing")


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    assert "does not exist" in problems(lambda: Openb.nodes(tmp_path / "none.csv"))[0]


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    assert "E306 cannot be read" in problems(lambda: Openb.nodes(tmp_path))[0]


def test_a_missing_column_suggests(tmp_path: Path) -> None:
    path = written(tmp_path, NODES.replace("cpu_milli", "cpu_mili"))
    with pytest.raises(UserError) as caught:
        Openb.nodes(path)
    assert caught.value.problems[0].hint == "is it 'cpu_mili'?"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("32000", "many", "x.csv:2:5: E306 `cpu_milli` must be a whole number, got 'many'"),
        ("32000", "-1", "x.csv:2:5: E306 `cpu_milli` must be between 0 and"),
        ("32000", "1" * 30, "x.csv:2:5: E306 `cpu_milli` must be between 0 and"),
        ("n-2", "n-1", "x.csv:4:1: E306 'n-1' is in the file twice"),
        ("V100M32", "", "x.csv:3:20: E306 node n-1 has GPUs and no `model`"),
        ("n-0,", "n-0,1,2,", "x.csv:2:1: E306 7 fields, the header has 5"),
        ("32000", '"32', "E306 not CSV"),
        ("32000", "", "x.csv:2:5: E306 `cpu_milli` is empty"),
    ],
)
def test_bad_rows_have_their_place(tmp_path: Path, before: str, after: str, expected: str) -> None:
    path = written(tmp_path, NODES.replace(before, after, 1))
    assert any(expected in text for text in problems(lambda: Openb.nodes(path)))


def test_spreadsheet_floats_are_whole(tmp_path: Path) -> None:
    path = written(tmp_path, NODES.replace("32000", "32000.0"))
    assert Openb.nodes(path)[0].cpu_milli == 32_000


def test_all_problems_up_to_a_bound(tmp_path: Path) -> None:
    two = PODS.replace("12000", "x").replace("12288", "y")
    assert len(problems(lambda: columns(tmp_path, two))) == 2
    many = PODS.splitlines()[0] + "\n" + "p,x,1,0,0,,BE,Running,0,9,0\n" * 100
    assert len(problems(lambda: columns(tmp_path, many))) == 20


def test_shared_gpus_need_a_share(tmp_path: Path) -> None:
    text = PODS.replace("1,460", "1,0")
    assert "gpu_milli" in problems(lambda: columns(tmp_path, text))[0]


@pytest.mark.parametrize("content", [b"", b"\x1f\x8b\x00garbage", b"\xff\xfe\x00", b"name\x00,b\n"])
def test_rubbish_is_the_users_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(content)
    assert problems(lambda: Openb.nodes(path))


def test_an_empty_list_is_an_error(tmp_path: Path) -> None:
    assert "no node" in problems(lambda: Openb.nodes(written(tmp_path, NODES.splitlines()[0])))[0]


@needs_trace
def test_real_nodes() -> None:
    nodes = Openb.nodes(REAL / "openb_node_list_all_node.csv")
    assert (len(nodes), sum(node.gpu_count for node in nodes)) == (1523, 6212)
    assert len(Openb.nodes(REAL / "openb_node_list_all_node.csv", "gpu")) == 1213


@needs_trace
def test_real_pods_in_both_modes() -> None:
    name = "openb_pod_list_default.csv.gz"
    packed = Openb(Params(path=name), REAL).source("openb", "default")
    (chunk,) = packed.chunks(Streams(1), 10**12)
    assert len(chunk) == 8152
    assert int((chunk.gpu_count == 8).sum()) == 44
    replayed = Openb(Params(path=name, mode="replay", compress=250), REAL).source("o", "default")
    (chunk,) = replayed.chunks(Streams(1), 10**12)
    assert len(chunk) == 8152
    assert (np.diff(chunk.when_us) >= 0).all()
    assert chunk.when_us[-1] == 12_901_761 * 1_000_000 // 250


@needs_trace
def test_every_real_list_can_be_packed() -> None:
    for path in sorted(REAL.glob("openb_pod_list_*.csv.gz")):
        source = Openb(Params(path=path.name), REAL).source("openb", "default")
        assert len(source) > 7000
