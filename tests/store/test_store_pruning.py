"""What a save dir can do without: what is listed, what goes, and what stays because somebody needs or holds it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from filelock import FileLock

import lossbench
from lossbench.api.verifying import verified
from lossbench.errors import SaveDirError, StoreError
from lossbench.store import Needless, Store, StudyFolder, needless, remove
from lossbench.store.aside import set_aside
from tuning_makers import small, written

pytestmark = pytest.mark.usefixtures("blank_figures_throughout")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, blank_figures_throughout: None) -> Path:
    """Two studies that share two of their trials; the second has two more, and other pictures beside."""
    folder = tmp_path_factory.mktemp("pruned")
    data = written(folder / "data")
    lossbench.run(small(data, name="one"), folder / "log", executor="inline", keep_weights=True)
    lossbench.run(small(data, name="two", losses=["gce", "l1"]), folder / "log", executor="inline", keep_weights=True)
    other = small(written(folder / "other", noise=1), name="three", losses=["mae"], seeds=1)
    lossbench.run(other, folder / "log", executor="inline")
    return folder / "log"


@pytest.fixture
def store(made: Path, tmp_path: Path) -> Store:
    shutil.copytree(made, tmp_path / "log")
    return Store(tmp_path / "log")


def paths(store: Store, kind: str) -> list[str]:
    return [item.path for item in needless(store) if item.kind == kind]


def trials(store: Store, name: str) -> set[str]:
    return {f"trials/{key}" for key in StudyFolder.read(store, name).trials.values()}


def chosen(store: Store, *kinds: str) -> tuple[Needless, ...]:
    return tuple(item for item in needless(store) if item.kind in kinds)


class TestFound:
    def test_where_every_trial_has_a_study_weights_alone_could_go(self, store: Store) -> None:
        assert {item.kind for item in needless(store)} == {"weights"}
        assert len(paths(store, "weights")) == 6

    def test_trials_and_pictures_of_no_study(self, store: Store) -> None:
        shared = trials(store, "one") & trials(store, "two")
        of_two, of_three = trials(store, "two") - shared, trials(store, "three")
        digest = StudyFolder.read(store, "three").data["digest"]
        shutil.rmtree(store.study_folder("two"))
        shutil.rmtree(store.study_folder("three"))
        assert len(shared) == 2
        assert set(paths(store, "trials")) == of_two | of_three
        assert paths(store, "pictures") == [f"data/{digest}"]

    def test_sizes_are_those_of_the_files(self, store: Store) -> None:
        shutil.rmtree(store.study_folder("three"))
        (found,) = chosen(store, "trials")
        files = [path for path in (store.root / found.path).rglob("*") if path.is_file()]
        assert found.size == sum(len(path.read_bytes()) for path in files) > 1000

    def test_what_killed_processes_leave(self, store: Store) -> None:
        draft = f"trials/{StudyFolder.read(store, 'one').trials['gce', 1]}/.history.csv.0a1b2c3d.tmp"
        pictures = f"data/.{'a1' * 16}.{'b2' * 16}"
        (store.root / draft).write_text("half")
        (store.root / ".store.json.0a1b2c3d.tmp").write_text("half")
        (store.root / pictures).mkdir()
        (store.root / ".lossbench-trash" / "x").mkdir(parents=True)
        expected = [".lossbench-trash", ".store.json.0a1b2c3d.tmp", pictures, draft]
        assert paths(store, "drafts") == expected
        assert len(remove(store, chosen(store, "drafts"))) == 4
        assert paths(store, "drafts") == []

    def test_what_was_set_aside(self, store: Store) -> None:
        key = StudyFolder.read(store, "three").trials["mae", 1]
        store.set_aside(key)
        document = store.study_folder("two") / "study.json"
        text = document.read_bytes()
        set_aside(store.root, document)
        document.write_bytes(text)  # as the next run does
        assert paths(store, "damaged") == ["damaged/studies/two/1", f"damaged/trials/{key}/1"]
        assert len(remove(store, chosen(store, "damaged"))) == 2
        assert not (store.root / "damaged").exists()

    def test_a_draft_that_is_being_written_is_none(self, store: Store) -> None:
        fcntl = pytest.importorskip("fcntl", reason="this system has no such locks")
        draft = store.root / ".store.json.0a1b2c3d.tmp"
        with draft.open("wb") as file:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX)
            assert paths(store, "drafts") == []

    def test_unfinished_ones(self, store: Store) -> None:
        key = sorted(StudyFolder.read(store, "one").trials.values())[0]
        (store.trial_folder(key) / "provenance.json").unlink()
        assert paths(store, "unfinished") == [f"trials/{key}"]
        assert len(remove(store, chosen(store, "unfinished"))) == 1
        assert store.status(key) == "missing"

    @pytest.mark.parametrize("there", [True, False])
    def test_a_folder_that_is_no_save_dir(self, tmp_path: Path, there: bool) -> None:
        folder = tmp_path / "mine"
        if there:
            (folder / "damaged").mkdir(parents=True)
        with pytest.raises(SaveDirError, match="FOLDER: expected a save dir, as log, got"):
            needless(Store(folder))

    def test_a_damaged_study_stops_everything_for_nobody_knows_what_it_needs(self, store: Store) -> None:
        shutil.rmtree(store.study_folder("three"))
        (store.study_folder("two") / "study.json").write_text("{}")
        with pytest.raises(StoreError, match=r"two/study\.json is missing or damaged"):
            needless(store)


class TestRemoved:
    def test_studies_are_whole_afterwards(self, store: Store) -> None:
        shutil.rmtree(store.study_folder("two"))
        shutil.rmtree(store.study_folder("three"))
        gone = remove(store, chosen(store, "trials", "pictures", "weights"))
        assert {item.kind for item in gone} == {"trials", "pictures", "weights"}
        assert needless(store) == ()
        assert not (store.root / ".lossbench-trash").exists()
        assert verified(store, StudyFolder.read(store, "one")).damaged == ()
        assert {f"trials/{path.name}" for path in (store.root / "trials").iterdir()} == trials(store, "one")

    def test_a_trial_without_its_weights_is_the_same_trial(self, store: Store) -> None:
        key = StudyFolder.read(store, "one").trials["gce", 1]
        before, times = store.logits(key), store.provenance(key)["seconds"]
        remove(store, chosen(store, "weights"))
        assert not store.kept(key).has_weights
        assert (store.logits(key)["test.last"] == before["test.last"]).all()
        assert store.provenance(key)["seconds"] == times
        assert "weights.safetensors" not in store.verify(key)[0]

    def test_what_was_found_and_is_needed_meanwhile_stays(self, store: Store, tmp_path: Path) -> None:
        """A run that names its trials between the listing and the deletion keeps them, and its pictures."""
        aside = tmp_path / "three"
        store.study_folder("three").rename(aside)
        found = chosen(store, "trials", "pictures")
        assert len(found) == 2
        aside.rename(store.study_folder("three"))
        assert remove(store, found) == ()
        assert verified(store, StudyFolder.read(store, "three")).damaged == ()

    def test_what_finished_meanwhile_stays(self, store: Store) -> None:
        key = StudyFolder.read(store, "one").trials["gce", 1]
        provenance = store.trial_folder(key) / "provenance.json"
        text = provenance.read_bytes()
        provenance.unlink()
        found = chosen(store, "unfinished")
        provenance.write_bytes(text)
        assert remove(store, found) == ()
        assert store.status(key) == "finished"

    def test_a_second_pruning_finds_it_gone(self, store: Store) -> None:
        shutil.rmtree(store.study_folder("three"))
        found = chosen(store, "trials", "pictures", "weights")
        assert len(remove(store, found)) == len(found)
        folders = sorted(store.root.rglob("*"))
        assert remove(store, found) == ()
        assert sorted(store.root.rglob("*")) == folders

    @pytest.mark.parametrize("kind", ["trials", "unfinished", "weights"])
    def test_a_trial_that_somebody_holds_stays(self, store: Store, kind: str) -> None:
        key = StudyFolder.read(store, "three").trials["mae", 1]
        if kind == "trials":
            shutil.rmtree(store.study_folder("three"))
        if kind == "unfinished":
            (store.trial_folder(key) / "provenance.json").unlink()
        if kind == "weights":
            key = StudyFolder.read(store, "one").trials["gce", 1]
        found = [item for item in chosen(store, kind) if key in item.path]
        with held(store.trial_folder(key) / "claim.lock"):
            assert remove(store, found) == ()
        assert len(remove(store, found)) == 1

    def test_pictures_stay_while_a_tuning_is_under_way(self, store: Store) -> None:
        shutil.rmtree(store.study_folder("three"))
        (store.root / "tuning" / "any").mkdir(parents=True)
        with held(store.root / "tuning" / "any" / "mae-0123456789ab.lock"):
            assert remove(store, chosen(store, "pictures")) == ()
        assert len(remove(store, chosen(store, "pictures"))) == 1


class TestForeign:
    """A save dir may be a project's own folder, with folders of the same names."""

    FILES = (
        "data/mine/train/a/x.png",
        f"data/{'a1' * 16}/x.png",  # named as a digest is, by somebody else
        "data/.cache.v1/x",
        "trials/mynotes/x.txt",
        "trials/.mine.tmp",
        "trash/x",
        "damaged/k",
        "damaged/trials/1/x",
        "damaged/studies/1/x",
        "src/.foo.tmp",
        "src/.foo.0a1b2c3d.tmp",
        ".foo.tmp",
        ".foo.0a1b2c3d.tmp",
        "studies/notes/.foo.tmp",
        "tuning/mine/poetry.lock",
    )

    @pytest.fixture
    def shared(self, store: Store) -> Store:
        for name in self.FILES:
            (store.root / name).parent.mkdir(parents=True, exist_ok=True)
            (store.root / name).write_text("mine")
        return store

    def test_pruning_takes_nothing_that_it_did_not_make(self, shared: Store) -> None:
        shutil.rmtree(shared.study_folder("three"))
        shared.set_aside(StudyFolder.read(shared, "two").trials["gce", 1])
        gone = remove(shared, needless(shared))
        assert {item.kind for item in gone} == {"trials", "pictures", "weights", "damaged"}
        assert [name for name in self.FILES if not (shared.root / name).is_file()] == []
        assert {(shared.root / name).read_text() for name in self.FILES} == {"mine"}

    def test_nor_does_the_next_run(self, shared: Store, made: Path) -> None:
        study = StudyFolder.read(shared, "three").study
        lossbench.run(study, shared.root, executor="inline")
        assert {(shared.root / name).read_text() for name in self.FILES} == {"mine"}


@contextmanager
def held(lock: Path) -> Iterator[None]:
    """As another process would hold it: two objects are two holders."""
    with FileLock(lock):
        yield
