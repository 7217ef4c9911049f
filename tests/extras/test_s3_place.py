"""A place on S3: a real server that speaks S3, on loopback; of two that write one name, one is told that it did."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from evenhand.audit import audit
from evenhand.cluster.asking import Cluster, ClusterAsking
from evenhand.cluster.part import PlanPart
from evenhand.cluster.place import SharedPlace
from evenhand.cluster.remote_place import RemotePlace, open_place
from evenhand.cluster.shared_store import SharedStore, file_name
from evenhand.errors import MissingExtraError, StoreError, UsageError
from evenhand.run.limits import Limits
from tests.support.small_plan import small_plan
from tests.support.thread_crew import ThreadCrew

pytest.importorskip("moto")
pytest.importorskip("s3fs")
pytestmark = [
    pytest.mark.extras,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning"),
]
BUCKET = "evenhand-tests"
PLAN = small_plan()


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """A server that speaks S3, with a bucket; gives its address."""
    import fsspec
    from moto.server import ThreadedMotoServer

    patch = pytest.MonkeyPatch()
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    for name, value in {
        "AWS_ENDPOINT_URL": address,
        "AWS_ACCESS_KEY_ID": "testing-key-id",
        "AWS_SECRET_ACCESS_KEY": "testing-secret-key",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        patch.setenv(name, value)
    fsspec.filesystem("s3", skip_instance_cache=True).mkdir(BUCKET)
    try:
        yield address
    finally:
        patch.undo()
        server.stop()


@pytest.fixture
def place(s3: str, request: pytest.FixtureRequest) -> SharedPlace:
    return open_place(f"s3://{BUCKET}/{request.node.name}")


def test_of_many_that_create_one_file_one_is_told_so(place: SharedPlace, request: pytest.FixtureRequest) -> None:
    """Each with a connection of its own, all at the same moment; the server decides."""
    start = threading.Barrier(6)
    told: list[tuple[int, bool]] = []

    def create(number: int) -> None:
        own = open_place(place.address)
        start.wait()
        told.append((number, own.create("manifests/1.json", f"{number}".encode())))

    threads = [threading.Thread(target=create, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(told) == 6
    (winner,) = [number for number, created in told if created]
    assert place.read("manifests/1.json") == f"{winner}".encode()
    assert place.names("manifests") == ["1.json"]
    assert place.exclusive


def test_what_another_wrote_a_moment_ago_is_seen(place: SharedPlace) -> None:
    assert place.names("parts") == []
    open_place(place.address).create("parts/1/a", b"x")
    assert place.names("parts/1") == ["a"]
    assert place.names("parts") == ["1"]
    assert place.read("parts/1/b") is None


def test_the_first_manifest_of_a_part_counts(place: SharedPlace) -> None:
    store = SharedStore.open(place, PLAN, cells=20, part_cells=5)
    part = PlanPart(number=3, model="m", start=15, stop=20)
    store.add(3, file_name(driver=1, attempt=1, number=1), b"one")
    first = store.complete(part)
    store.add(3, file_name(driver=1, attempt=2, number=1), b"two")
    assert SharedStore.at(open_place(place.address)).complete(part) == first
    assert [data for _, data in store.checked(first)] == [b"one"]


def test_a_run_with_its_answers_on_s3_finds_what_one_machine_finds(s3: str, tmp_path: Path) -> None:
    def asking() -> ClusterAsking:
        cluster = Cluster(store=f"s3://{BUCKET}/run", part_cells=40, land_s=0.05, land_rows=20)
        return ClusterAsking(cluster, crew=lambda plan, settings: ThreadCrew(plan, settings))

    one = audit(PLAN, tmp_path / "one" / "run")
    stopped = audit(PLAN, tmp_path / "many" / "run", limits=Limits(max_calls=30), asking=asking())
    assert stopped.asked.asked == 30
    many = audit(PLAN, tmp_path / "many" / "run", asking=asking())
    assert (many.asked.asked, many.asked.skipped) == (90, 30)
    for name in ("findings.json", "report.html", "scores.parquet"):
        assert (many.path / name).read_bytes() == (one.path / name).read_bytes(), name


def test_a_bucket_that_is_not_there_is_named(s3: str) -> None:
    place = open_place("s3://no-such-bucket-here/run")
    assert isinstance(place, RemotePlace)
    place._sleep = lambda seconds: None
    with pytest.raises(StoreError, match="no-such-bucket-here"):
        place.create("layout.json", b"")


def test_a_place_without_conditions_looks_before_it_writes() -> None:
    """Within one process; what two processes may do to each other there is in docs/scale.md."""
    import fsspec

    place = RemotePlace(fsspec.filesystem("memory"), "/loose", address="loose://", exclusive=False)
    assert place.create("parts/a", b"1")
    assert not place.create("parts/a", b"2")
    assert place.read("parts/a") == b"1"


@pytest.mark.parametrize(
    ("url", "said"), [("s3b://bucket/run", "did you mean 's3'"), ("nope://x", "it takes a folder")]
)
def test_an_unknown_protocol_is_refused(url: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        open_place(url)


def test_a_protocol_whose_package_is_missing_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "gcsfs", None)
    with pytest.raises(MissingExtraError, match=r"evenhand\[gcs\]"):
        open_place("gs://bucket/run")
