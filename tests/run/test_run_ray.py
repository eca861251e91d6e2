"""Ray, beyond what every executor does: several nodes, nodes and drivers that die, how much is under way at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cli_runner import Runner
from lossbench.api import running
from lossbench.errors import RequestError, StoreError
from lossbench.run import Event, Inline, Job, Ray
from lossbench.run.ray import dispatch, scratch, travel
from lossbench.run.ray.cluster import Cluster
from lossbench.run.ray.dispatch import Dispatch, reserve
from lossbench.run.ray.needs import Needs
from lossbench.run.ray.travel import Piece, arrays_of, pictures_of
from lossbench.run.stacks import Stack
from lossbench.spec import Study, Trial
from lossbench.store import Store
from makers import made_pictures, made_trial
from ray_makers import MARK, machines, training, workers
from tools.rooms import ROOMS

RESULTS = ("trial.json", "history.csv", "counts.npz", "logits.safetensors", "outcome.json")
SMALL = ("run", "--model", "mlp", "--losses", "l1,cross_entropy", "--seeds", "2", "--epochs", "120")


@pytest.fixture(scope="module")
def aside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the nodes have their scratch."""
    return tmp_path_factory.mktemp("aside")


@pytest.fixture(scope="module")
def nodes(aside: Path, _kernels: Path) -> Iterator[Any]:
    """Three nodes of one core on this machine."""
    with machines(3, aside, _kernels) as started:
        yield started


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(tmp_path / "log")
    store.put_pictures(made_pictures(), "made")
    return store


def jobs(store: Store, trials: Sequence[Trial], checkpoint_seconds: float = 5.0) -> list[Job]:
    return [Job(trial, str(trial.loss), str(store.root), checkpoint_seconds=checkpoint_seconds) for trial in trials]


def files(save_dir: Path) -> dict[str, bytes]:
    """What a save dir holds but for provenance, locks, and pages and pictures of times."""
    kept = [path for path in sorted(save_dir.rglob("*")) if path.is_file() and path.suffix in (".csv", ".json", ".npz")]
    kept += sorted(save_dir.rglob("*.safetensors"))
    return {
        path.relative_to(save_dir).as_posix(): path.read_bytes()
        for path in kept
        if path.name != "provenance.json" and "figures" not in path.parts and path.name != "cost.csv"
    }


def command(folder: Path, address: str, *more: str) -> subprocess.Popen[bytes]:
    """`lossbench run` as a process of its own, on the nodes of a cluster."""
    words = [*SMALL, *more, "--executor", "ray", "--address", address, "--checkpoint-seconds", "0", "--no-pictures"]
    told = {"env": {**os.environ, **MARK}, "cwd": folder, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    return subprocess.Popen([sys.executable, "-m", "lossbench", *words], **told)  # type: ignore[call-overload,no-any-return]  # of a mapping


@pytest.mark.usefixtures("blank_figures")
def test_three_nodes_give_the_files_that_one_process_gives(nodes: Any, lossbench: Runner, aside: Path) -> None:
    short = ("--epochs", "1")  # of the default study: four losses, five seeds
    assert lossbench("run", *short, "--save-dir", "here", "--executor", "inline").code == 0
    done = lossbench("run", *short, "--save-dir", "there", "--executor", "ray", "--address", nodes.address)
    assert done.code == 0, done.err
    assert "20 of 20 trials to train, 3 at a time" in done.out
    here, there = files(Path("here")), files(Path("there"))
    assert list(here) == list(there)
    assert len([name for name in here if name.endswith("logits.safetensors")]) == 20
    assert {"history.csv", "summary.csv", "comparisons.csv", "verdicts.json"} <= {Path(name).name for name in here}
    assert [name for name in here if here[name] != there[name]] == []
    assert list(aside.glob("lossbench-ray-*")) != []
    assert list(aside.glob("lossbench-ray-*/*")) == [], "the run left something on the nodes"


def test_a_node_that_is_lost_costs_no_result(nodes: Any, store: Store, tmp_path: Path, monkeypatch: Any) -> None:
    trials = [made_trial(loss, epochs=200) for loss in ("l1", "cross_entropy", "focal")]
    alone = Store(tmp_path / "alone")
    alone.put_pictures(made_pictures(), "made")
    Inline()(jobs(alone, trials), lambda event: None)
    large = [nodes.add_node(num_cpus=2)]  # the only one with room for trials of two cores
    events: list[Event] = []
    went_on_from: list[bytes | None] = []
    submit = Cluster.submit

    def noted(self: Cluster, text: str, checkpoints: Sequence[bytes | None], held: Mapping[str, Any]) -> Any:
        went_on_from.extend(checkpoints)
        return submit(self, text, checkpoints, held)

    def lose(event: Event) -> None:
        events.append(event)
        if event.kind == "epoch" and event.epoch == 20 and len(large) == 1:
            nodes.remove_node(large[0], allow_graceful=False)
            large.append(nodes.add_node(num_cpus=2))

    monkeypatch.setattr(Cluster, "submit", noted)
    with closing(Ray(nodes.address, cpus_per_trial=2)) as executor:
        assert executor.workers == 1
        executor(jobs(store, trials, checkpoint_seconds=0), lose)
    nodes.remove_node(large[1])
    assert len(went_on_from) == 4, "each trial once, and one of them again"
    assert sum(each is not None for each in went_on_from) == 1, "it was trained from the beginning"
    assert sorted(event.kind for event in events if event.ends) == ["finished"] * 3
    for trial in trials:
        told = [event.epoch for event in events if event.key == trial.key and event.kind == "epoch"]
        assert told == list(range(201)), "an epoch was told twice, or not"
        for name in RESULTS:
            one, other = (s.trial_folder(trial.key) / name for s in (store, alone))
            assert one.read_bytes() == other.read_bytes(), name


def test_a_driver_that_was_killed_goes_on(nodes: Any, tmp_path: Path, long: bool) -> None:
    if not long:
        pytest.skip("a command of its own and two runs: --long")
    store = Store(tmp_path / "log")
    run = command(tmp_path, nodes.address)
    assert run.stdout is not None
    try:
        for line in run.stdout:
            if line.startswith(b"[1/4]"):
                break
        begun = {path.parents[1].name for path in store.root.glob("trials/*/checkpoint/state.safetensors")}
    finally:
        run.kill()
        run.communicate()
    finished = list(store.root.glob("trials/*/provenance.json"))
    before = {path: path.read_bytes() for path in finished}
    assert 1 <= len(finished) < 4
    assert begun
    assert training(30) == [], "something goes on without its driver"
    asked = Study(data="digits", models=["mlp"], losses=["l1", "cross_entropy"], seeds=2, recipe={"epochs": 120})
    events: list[Event] = []
    with closing(Ray(nodes.address)) as executor:
        prepared = running.prepare(asked, tmp_path / "log", device="cpu", elsewhere=True)
        assert set(prepared.missing) == set(prepared.trials) - {path.parent.name for path in finished}
        running.train_missing(prepared, executor, events.append)
    assert {key: store.status(key) for key in prepared.trials} == dict.fromkeys(prepared.trials, "finished")
    assert {path: path.read_bytes() for path in finished} == before
    for key in begun & set(prepared.missing):
        first = next(event for event in events if event.key == key and event.kind == "epoch")
        assert first.epoch > 1, "it was trained from the beginning"
    alone = Store(tmp_path / "alone")
    running.train_missing(running.prepare(asked, alone.root, device="cpu"), Inline(), lambda event: None)
    for key in prepared.trials:
        for name in RESULTS:
            assert (store.trial_folder(key) / name).read_bytes() == (alone.trial_folder(key) / name).read_bytes()


def test_an_interrupt_leaves_no_claim_and_nothing_running(nodes: Any, tmp_path: Path) -> None:
    store = Store(tmp_path / "log")
    run = command(tmp_path, nodes.address, "--epochs", "100000")
    try:
        while not list(store.root.glob("trials/*/checkpoint/state.safetensors")):
            assert run.poll() is None, run.communicate()[0]
        assert workers()
        run.send_signal(signal.SIGINT)
        told, _ = run.communicate(timeout=60)
    finally:
        run.kill()
        run.communicate()
    assert run.returncode == 130, told
    assert b"interrupted; what was finished is kept" in told
    assert {store.status(path.name) for path in store.root.glob("trials/*")} == {"missing"}
    assert training() == []


def test_no_more_is_under_way_than_there_is_room_for(nodes: Any, store: Store, long: bool, monkeypatch: Any) -> None:
    count = 200 if long else 40
    trials = [made_trial(seed=seed, model="mlp", epochs=1) for seed in range(1, count + 1)]
    under_way: list[int] = []
    offer = Dispatch._offer

    def offered(self: Dispatch) -> None:
        offer(self)
        under_way.append(len(self._flights))

    monkeypatch.setattr(Dispatch, "_offer", offered)
    with closing(Ray(nodes.address)) as executor:
        room = executor.workers
        executor(jobs(store, trials), lambda event: None)
    assert max(under_way) == room + reserve(room)
    assert len(list(store.root.glob("trials/*/provenance.json"))) == count


class MadeCluster:
    """A cluster whose tasks answer as they are told to: each answer is a list of messages, or an error."""

    session = "made"

    def __init__(self, answers: Sequence[Any], slots: int = 4) -> None:
        self.answers, self.room = deque(answers), slots
        self.under_way: dict[Any, deque[Any]] = {}
        self.most = self.submitted = 0

    def slots(self) -> int:
        return self.room

    def put(self, value: Any) -> Any:
        return value

    def submit(self, text: str, checkpoints: Any, held: Any) -> Any:
        piece = Piece.from_json(text)
        assert len(piece.jobs) == len(checkpoints)
        self.submitted += 1
        answer = self.answers.popleft() if len(self.answers) > 1 else self.answers[0]
        submitted: Iterator[Any] = iter([])
        self.under_way[submitted] = deque([answer, None])
        self.most = max(self.most, len(self.under_way))
        return submitted

    def ready(self, submitted: Sequence[Any], seconds: float = 1.0) -> list[Any]:
        return list(submitted)[:1]

    def news(self, submitted: Any) -> Any:
        answer = self.under_way[submitted].popleft()
        if answer is None or isinstance(answer, Exception):
            del self.under_way[submitted]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def cancel(self, submitted: Any) -> None:
        self.cancelled = len(list(submitted))


def dispatched(cluster: MadeCluster, todo: Sequence[Job]) -> list[Event]:
    events: list[Event] = []
    work = [Stack((job,)) for job in todo]
    Dispatch(cluster, "cpu", work, events.append)()  # type: ignore[arg-type]  # made for the test
    return events


class TestLosses:
    def test_ten_thousand_jobs_are_never_ten_thousand_tasks(self, store: Store) -> None:
        cluster = MadeCluster([[("failed", 0, ("made to", False, {}))]], slots=16)
        todo = jobs(store, [made_trial(seed=seed) for seed in range(1, 301)])
        events = dispatched(cluster, todo)
        assert cluster.most == 16 + reserve(16)
        assert len([event for event in events if event.kind == "failed"]) == 300

    def test_a_lost_node_never_counts_against_a_trial(self, store: Store) -> None:
        from ray.exceptions import NodeDiedError

        lost = [NodeDiedError("made")] * 20  # type: ignore[no-untyped-call]  # Ray does not annotate it
        cluster = MadeCluster([*lost, [("failed", 0, ("at last", True, {}))]])
        (one,) = jobs(store, [made_trial()])
        events = dispatched(cluster, [one])
        assert cluster.submitted == 21
        assert [event.reason for event in events if event.ends] == ["at last"]
        assert store.failed_for_good(one.trial.key)

    @pytest.mark.parametrize("kind", ["WorkerCrashedError", "OutOfMemoryError"])
    def test_a_worker_lost_thrice_ends_its_trial(self, store: Store, kind: str) -> None:
        from ray import exceptions

        error = getattr(exceptions, kind)
        cluster = MadeCluster([error() if kind == "WorkerCrashedError" else error("made")])
        (one,) = jobs(store, [made_trial()])
        events = dispatched(cluster, [one])
        assert cluster.submitted == 3
        assert [event.kind for event in events] == ["failed"]
        assert store.reason(one.trial.key).startswith(f"the task that trained it was lost 3 times in a row: {kind}")
        assert not store.failed_for_good(one.trial.key), "another run may have better luck"
        assert store.status(one.trial.key) == "failed", "its claim is still held"

    def test_what_a_node_raised_is_the_reason(self, store: Store) -> None:
        from ray import exceptions

        lost: Any = exceptions.RayTaskError  # whose types Ray does not tell
        raised = "Traceback (most recent call last):\n  somewhere\nOSError: [Errno 28] No space left on device"
        cluster = MadeCluster([lost("train_piece", raised, OSError(28, "No space left on device"))])
        (one,) = jobs(store, [made_trial()])
        dispatched(cluster, [one])
        words = "the task that trained it was lost 3 times in a row: OSError: [Errno 28] No space left on device"
        assert store.reason(one.trial.key) == words

    def test_a_node_without_lossbench_ends_the_run(self, store: Store) -> None:
        from ray import exceptions

        lost: Any = exceptions.RayTaskError  # whose types Ray does not tell
        raised = "Traceback:\nModuleNotFoundError: No module named 'lossbench'"
        cluster = MadeCluster([lost("train_piece", raised, ModuleNotFoundError("lossbench"))])
        with pytest.raises(RequestError, match="--executor: expected lossbench installed on all nodes of the cluster"):
            dispatched(cluster, jobs(store, [made_trial()]))
        assert store.status(made_trial().key) == "missing", "its claim is still held"

    def test_a_new_checkpoint_makes_up_for_lost_workers(self, store: Store) -> None:
        from ray.exceptions import WorkerCrashedError

        kept = [("checkpoint", 0, b"a checkpoint")]
        cluster = MadeCluster([WorkerCrashedError(), WorkerCrashedError(), kept, WorkerCrashedError(), kept, kept])
        cluster.answers.append([("failed", 0, ("at last", False, {}))])
        (one,) = jobs(store, [made_trial()])
        events = dispatched(cluster, [one])
        assert [event.reason for event in events if event.ends] == ["at last"]
        assert store.checkpoint(one.trial.key) == b"a checkpoint"

    def test_files_that_did_not_come_whole_are_no_results(self, store: Store) -> None:
        cluster = MadeCluster([[("ended", 0, ({"trial.json": b"{}"}, {}, {"kind": "finished", "key": "x"}))]])
        (one,) = jobs(store, [made_trial()])
        events = dispatched(cluster, [one])
        assert [event.kind for event in events] == ["failed"]
        assert "provenance.json" in store.reason(one.trial.key)
        assert not store.finished(one.trial.key)

    def test_another_lossbench_on_a_node_ends_the_run(self, store: Store) -> None:
        cluster = MadeCluster([[("other", 0, "another, in /opt on node7")]])
        todo = jobs(store, [made_trial(seed=seed) for seed in range(1, 9)])
        with pytest.raises(RequestError, match=r"--executor: expected the same lossbench on all nodes .* node7"):
            dispatched(cluster, todo)
        assert {store.status(job.trial.key) for job in todo} == {"missing"}, "claims are still held"

    def test_a_cluster_without_nodes_is_not_waited_for_for_ever(self, store: Store, monkeypatch: Any) -> None:
        monkeypatch.setattr(dispatch, "_PATIENCE", 0.0)
        with pytest.raises(RequestError, match="--executor: expected a node of the cluster"):
            dispatched(MadeCluster([], slots=0), jobs(store, [made_trial()]))

    def test_what_another_run_holds_is_told_and_waited_for(self, store: Store) -> None:
        (one,) = jobs(store, [made_trial()])
        cluster = MadeCluster([[("failed", 0, ("after all", False, {}))]])
        holding = store.claim(one.trial)
        holding.__enter__()
        events: list[Event] = []

        def heard(event: Event) -> None:
            events.append(event)
            if event.kind == "held":
                holding.__exit__(None, None, None)

        Dispatch(cluster, "cpu", [Stack((one,))], heard)()  # type: ignore[arg-type]  # made for the test
        assert [event.kind for event in events] == ["held", "failed"]


class TestNeeds:
    @pytest.mark.parametrize(
        ("cpus", "gpus", "cores", "cards", "slots"),
        [
            (1, 0, 16, 0, 16),
            (3, 0, 16, 0, 5),
            (1, 0, 0, 4, 0),
            (1, 1, 16, 2, 2),
            (1, 0.25, 16, 2, 8),
            (1, 1 / 3, 16, 2, 6),
            (1, 0.6, 16, 2, 2),
            (1, 2, 16, 5, 2),
            (8, 0.25, 16, 2, 2),
            (1, 0.5, 16, 0, 0),
        ],
    )
    def test_a_node_has_room_for_so_many(self, cpus: int, gpus: float, cores: int, cards: int, slots: int) -> None:
        assert Needs(cpus, gpus).slots({"CPU": float(cores), "GPU": float(cards)}) == slots

    @pytest.mark.parametrize("cpus", [0, -1, 1.5, float("nan"), float("inf"), "two", True])
    def test_cores_are_whole(self, cpus: Any) -> None:
        with pytest.raises(RequestError, match="--cpus-per-trial: expected a whole number of at least 1, got"):
            Ray(cpus_per_trial=cpus)

    @pytest.mark.parametrize("gpus", [-1, 1.5, float("nan"), "a"])
    def test_gpus_are_shares_of_one_or_whole(self, gpus: Any) -> None:
        with pytest.raises(RequestError, match="--gpus-per-trial: expected 0, a share of one GPU, or a whole number"):
            Ray(gpus_per_trial=gpus)

    def test_a_cluster_without_a_gpu_is_refused(self, nodes: Any) -> None:
        words = "--gpus-per-trial: expected what one node of the cluster has, got 1 CPU and 0.5 GPU with nodes that"
        with pytest.raises(RequestError, match=words):
            _ = Ray(nodes.address, gpus_per_trial=0.5).workers

    def test_more_cores_than_any_node_has_are_refused(self, nodes: Any) -> None:
        with pytest.raises(RequestError, match=r"--cpus-per-trial: .* got 2 CPUs with nodes that have 1 CPUs"):
            _ = Ray(nodes.address, cpus_per_trial=2).workers


def joined(address: str, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """What a process of its own says that joins a cluster and leaves it: whether it has room, and what it left set."""
    words = (
        "c = Cluster(sys.argv[1], Needs()); print(c.slots() > 0, end=' '); c.leave(); print(os.getenv('RAY_AUTH_MODE'))"
    )
    code = f"import os, sys; from {Cluster.__module__} import Cluster, Needs; {words}"
    command = [sys.executable, "-c", code, address]
    return subprocess.run(command, env=dict(environment), capture_output=True, text=True, timeout=120, check=False)


class TestAddress:
    @pytest.mark.parametrize(
        ("address", "words"),
        [
            ("nowhere", "expected auto, or HOST:PORT as `ray start --head` prints it, got nowhere"),
            ("ray://127.0.0.1:10001", "expected auto, or HOST:PORT"),
            ("127.0.0.1:1", "expected a Ray cluster that can be reached from here, got 127.0.0.1:1 "),
            ("127.0.0.1:99999", "expected a Ray cluster that can be reached from here, got 127.0.0.1:99999"),
        ],
    )
    def test_an_address_at_which_nobody_answers_is_refused(self, address: str, words: str) -> None:
        with pytest.raises(RequestError, match=f"--address: {words}"):
            _ = Ray(address).workers

    def test_a_token_is_told_where_it_is_asked_for_and_none_is_kept(self, tmp_path: Path, monkeypatch: Any) -> None:
        import ray

        monkeypatch.setenv("HOME", str(tmp_path))
        for name in ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_ADDRESS"):
            monkeypatch.delenv(name, raising=False)
        own = Cluster(None, Needs())
        try:
            address = ray.get_runtime_context().gcs_address
            unset = {name: value for name, value in os.environ.items() if not name.startswith("RAY_AUTH")}
            without = joined(address, unset)
            knowing = joined(address, {**unset, "RAY_AUTH_TOKEN": os.environ["RAY_AUTH_TOKEN"]})
        finally:
            own.leave()
        assert without.stderr.splitlines()[-1].endswith(
            "(it asks for a token: put the cluster's own into RAY_AUTH_TOKEN or ~/.ray/auth_token)"
        )
        assert (knowing.stdout, knowing.stderr) == ("True None\n", "")
        assert list(tmp_path.iterdir()) == []
        assert [name for name in os.environ if name.startswith("RAY_AUTH")] == []

    def test_sigterm_while_ray_starts_is_an_interrupt(self, monkeypatch: Any) -> None:
        import ray

        monkeypatch.setattr(ray, "init", lambda **options: sys.exit(signal.SIGTERM))
        with pytest.raises(KeyboardInterrupt):
            Cluster(None, Needs())

    def test_it_is_refused_before_anything_is_written(self, lossbench: Runner) -> None:
        options = ("--model", "mlp", "--epochs", "1", "--seeds", "1", "--losses", "l1")
        refused = lossbench("run", *options, "--executor", "ray", "--address", "127.0.0.1:1")
        assert refused.code == 2
        assert "--address: expected a Ray cluster that can be reached from here" in refused.err
        assert not Path("log").exists()

    @pytest.mark.usefixtures("blank_figures")
    def test_where_nothing_is_to_be_trained_no_cluster_is_asked_for(self, lossbench: Runner) -> None:
        options = ("--model", "mlp", "--epochs", "1", "--seeds", "1", "--losses", "l1")
        assert lossbench("run", *options, "--executor", "inline").code == 0
        done = lossbench("run", *options, "--executor", "ray", "--address", "127.0.0.1:1")
        assert done.code == 0, done.err
        assert "nothing to train" in done.out

    def test_a_python_without_ray_is_told_how_to_get_it(self, monkeypatch: Any) -> None:
        monkeypatch.setitem(sys.modules, "ray", None)
        with pytest.raises(RequestError, match=r'--executor: expected ray with .* pip install "lossbench\[ray\]", got'):
            _ = Ray().workers


class TestTravel:
    def test_pictures_read_back_from_plain_arrays(self) -> None:
        pictures = made_pictures()
        pictures = pictures.also_labelled(np.zeros(60, dtype=np.int64))
        about, arrays = arrays_of(pictures)
        for array in arrays.values():
            assert type(array) is np.ndarray
            array.flags.writeable = False  # as they come out of Ray
        again = pictures_of(about, arrays)
        assert (again.name, again.class_names, again.digest) == (pictures.name, pictures.class_names, pictures.digest)
        assert np.array_equal(again.train.pictures, pictures.train.pictures)
        assert list(again.other_labels) == list(pictures.other_labels)

    def test_the_rooms_that_decide_results_are_those_up_to_this_one(self) -> None:
        no_matter = {"errors", "folders", "text", "published", "nn", "testing", "resolve"}
        above = set(ROOMS[: ROOMS.index("run") + 1]) - no_matter
        assert {name.removesuffix(".py") for name in travel._DECIDING} == above

    def test_a_piece_reads_back_from_its_text(self, store: Store) -> None:
        todo = tuple(jobs(store, [made_trial("focal(gamma=0.5)", seed) for seed in (1, 2)]))
        piece = Piece("session", todo, "code", 0.5, 1.0, 2.0, "source")
        again = Piece.from_json(piece.to_json())
        assert [job.trial.key for job in again.jobs] == [job.trial.key for job in todo]
        assert (again.session, again.code, again.source) == ("session", "code", "source")


def test_what_hands_work_on_does_without_torch() -> None:
    code = "import sys, lossbench.run.ray.node; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


class TestScratch:
    @pytest.fixture(autouse=True)
    def _aside(self, tmp_path: Path, monkeypatch: Any) -> None:
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def test_a_killed_runs_folder_is_removed_by_the_next(self) -> None:
        first = scratch.Scratch("first")
        (first.folder / "data").mkdir()
        second = scratch.Scratch("second")
        assert first.folder.exists(), "it is held"
        first.leave()
        again = scratch.Scratch("third")
        assert not first.folder.exists()
        assert second.folder.exists()
        scratch.remove("second")
        assert not second.folder.exists()
        second.leave()
        again.leave()

    def test_a_folder_that_others_may_write_to_is_refused(self, tmp_path: Path) -> None:
        root = tmp_path / f"lossbench-ray-{os.getuid()}"
        root.mkdir()
        root.chmod(0o777)
        with pytest.raises(PermissionError, match="no folder of this user's alone"):
            scratch.Scratch("first")


class TestAdopt:
    @pytest.fixture
    def made(self, tmp_path: Path) -> tuple[Trial, dict[str, bytes], dict[str, bytes]]:
        elsewhere = Store(tmp_path / "elsewhere")
        elsewhere.put_pictures(made_pictures(), "made")
        trial = made_trial(scenario="noise(symmetric, 0.4)")
        Inline()(jobs(elsewhere, [trial]), lambda event: None)
        return trial, *elsewhere.ended_files(trial.key)

    def test_a_trial_is_taken_over_whole(self, store: Store, made: Any) -> None:
        trial, contents, drawn = made
        assert len(drawn) == 1
        with store.claim(trial):
            store.adopt(trial, contents, drawn)
        assert store.status(trial.key) == "finished"
        assert store.verify(trial.key)[1] == {}
        assert store.prepared_faults(trial.key) == {}
        assert store.ended_files(trial.key) == (contents, drawn)

    @pytest.mark.parametrize("name", [*RESULTS, "provenance.json"])
    def test_a_file_that_is_damaged_or_missing_is_refused(self, store: Store, made: Any, name: str) -> None:
        trial, contents, drawn = made
        without = {other: content for other, content in contents.items() if other != name}
        with store.claim(trial):
            for damaged in (without, {**contents, name: contents[name][:-2]}):
                with pytest.raises(StoreError):
                    store.adopt(trial, damaged, drawn)
        assert store.status(trial.key) == "missing"
        assert {path.name for path in store.trial_folder(trial.key).iterdir()} <= {"trial.json", "claim.lock"}

    def test_files_of_another_trial_or_place_are_refused(self, store: Store, made: Any) -> None:
        trial, contents, drawn = made
        other = made_trial("l1")
        with store.claim(other), store.claim(trial):
            for one, files, prepared in (
                (other, contents, drawn),
                (trial, {**contents, "../stray": b""}, drawn),
                (trial, contents, {}),
                (trial, contents, dict.fromkeys(drawn, b"other")),
                (trial, contents, {"../../stray": b"", **drawn}),
            ):
                with pytest.raises(StoreError):
                    store.adopt(one, files, prepared)
        assert not list(store.root.parent.glob("**/stray"))
