"""Save dirs put together: the parts are the whole, what is there stays, what is damaged does not spread."""

from __future__ import annotations

import itertools
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

import lossbench
from lossbench.api.verifying import verified
from lossbench.errors import RequestError, SaveDirError
from lossbench.spec import Study
from lossbench.store import Store, StudyFolder
from lossbench.store.sealed import sealed, unsealed
from tuning_makers import small, written

pytestmark = pytest.mark.usefixtures("blank_figures_throughout")

NOISY = "noise(symmetric, 0.4)"
METRIC = "def share(logits, target):\n    return float((logits.argmax(1) == target).double().mean())\n"
STUDIES: dict[str, dict[str, Any]] = {
    "plain": {"seeds": 3},
    "conditions": {"models": ["mlp", "cnn"], "scenarios": ["clean", NOISY, "validation(0.2)"], "seeds": 1},
    "label noise": {"scenarios": [NOISY]},
    "weights": {},
    "own metrics": {"plan": {"metrics": ["merging_metric:share"]}},
}
TIMES = ("started", "ended", "seconds")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures, and beside them a metric that can be imported while the tests run."""
    folder = tmp_path_factory.mktemp("merging")
    (folder / "merging_metric.py").write_text(METRIC, encoding="utf-8")
    return written(folder / "data")


@pytest.fixture(scope="module", autouse=True)
def importable(data: Path) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(data.parents[1]))
        yield


@pytest.fixture(scope="module")
def made(data: Path, tmp_path_factory: pytest.TempPathFactory, blank_figures_throughout: None) -> Path:
    """A study run as a whole, and in two parts: `whole`, `job1`, `job2`."""
    return in_parts(data, tmp_path_factory.mktemp("plain"), "plain")


@pytest.fixture
def jobs(made: Path, tmp_path: Path) -> Path:
    """A copy of them, to be changed."""
    for name in ("job1", "job2"):
        shutil.copytree(made / name, tmp_path / name)
    return tmp_path


def in_parts(data: Path, folder: Path, kind: str) -> Path:
    study, weights = small(data, **STUDIES[kind]), kind == "weights"
    lossbench.run(study, folder / "whole", executor="inline", keep_weights=weights)
    for part in (1, 2):
        lossbench.run(study, folder / f"job{part}", executor="inline", keep_weights=weights, shard=(part, 2))
    return folder


def contents(folder: Path) -> dict[str, Any]:
    """What a save dir holds: bytes, and of provenance all but times; locks and pages aside."""
    found: dict[str, Any] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_dir() or path.suffix in (".lock", ".html") or name.startswith("damaged/") or "/figures/" in name:
            continue
        found[name] = path.read_bytes()
        if path.name == "provenance.json":
            found[name] = {key: value for key, value in unsealed(found[name]).items() if key not in TIMES}
    return found


def untouched(folder: Path) -> dict[str, tuple[int, int]]:
    """What would change if anything were written there, be it for a moment."""
    return {str(path): (path.stat().st_mtime_ns, path.stat().st_ino) for path in [folder, *folder.rglob("*")]}


def keys(store: Path) -> list[str]:
    """Of the trials that have ended."""
    return sorted(path.parent.name for path in store.glob("trials/*/provenance.json"))


def changed(store: Path, key: str, name: str = "history.csv") -> None:
    """Makes a file of a trial another one, as a machine of another kind would: its digest is right."""
    folder = store / "trials" / key
    text = (folder / name).read_bytes().replace(b"0.", b"0.0", 1)
    (folder / name).write_bytes(text)
    kept = dict(Store(store).provenance(key))
    del kept["format"]
    digest = __import__("hashlib").sha256(text).hexdigest()
    (folder / "provenance.json").write_text(sealed({**kept, "digests": {**kept["digests"], name: digest}}))


def unended(store: Path, key: str) -> Path:
    """Takes a trial's end away."""
    folder = store / "trials" / key
    for path in folder.iterdir():
        if path.name not in ("claim.lock", "trial.json"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    return folder


class TestWhole:
    @pytest.mark.parametrize("kind", STUDIES)
    def test_parts_put_together_are_what_one_run_has(self, data: Path, tmp_path: Path, kind: str) -> None:
        folder = in_parts(data, tmp_path, kind)
        merged = lossbench.merge(folder / "both", folder / "job1", folder / "job2")
        assert contents(folder / "both") == contents(folder / "whole")
        (study,) = merged.studies
        assert (study.trials, study.ended, merged.lost, merged.damaged) == (len(keys(folder / "whole")),) * 2 + (
            False,
            (),
        )
        assert study.report.is_file()
        some = contents(folder / "both")
        assert any("/prepared/" in name for name in some) == (kind in ("label noise", "conditions"))
        assert any(name.endswith("weights.safetensors") for name in some) == (kind == "weights")
        assert any("/metrics/" in name for name in some) == (kind == "own metrics")

    def test_nothing_is_trained_afterwards(self, data: Path, jobs: Path) -> None:
        lossbench.merge(jobs / "both", jobs / "job1", jobs / "job2")
        before = contents(jobs / "both")
        lossbench.run(small(data, **STUDIES["plain"]), jobs / "both", executor="inline")
        assert contents(jobs / "both") == before
        store = Store(jobs / "both")
        assert verified(store, StudyFolder.read(store, "small")).damaged == ()

    def test_into_one_of_the_parts(self, made: Path, jobs: Path) -> None:
        merged = lossbench.merge(jobs / "job2", jobs / "job1")
        assert contents(jobs / "job2") == contents(made / "whole")
        assert len(merged.copied.trials) == 3

    def test_a_second_time_nothing_is_copied(self, jobs: Path) -> None:
        lossbench.merge(jobs / "both", jobs / "job1", jobs / "job2")
        before = untouched(jobs / "both" / "trials")
        again = lossbench.merge(jobs / "both", jobs / "job2", jobs / "job1", jobs / "job1")
        assert (len(again.copied.trials), len(again.copied.had), again.copied.differing) == (0, 6, ())
        assert (again.pictures, again.lost) == ((), False)
        same = {name: told for name, told in untouched(jobs / "both" / "trials").items() if not name.endswith(".lock")}
        assert same == {name: told for name, told in before.items() if not name.endswith(".lock")}

    def test_one_part_alone_has_a_report_that_says_what_is_missing(self, jobs: Path) -> None:
        (study,) = lossbench.merge(jobs / "both", jobs / "job1").studies
        assert (study.trials, study.ended) == (6, 3)
        assert "missing" in study.report.read_text(encoding="utf-8")

    def test_parts_without_a_single_trial(self, data: Path, tmp_path: Path) -> None:
        lossbench.run(small(data), tmp_path / "job", executor="inline", shard="9/9")
        (study,) = lossbench.merge(tmp_path / "both", tmp_path / "job").studies
        assert (study.trials, study.ended) == (4, 0)

    def test_sources_are_only_read(self, jobs: Path) -> None:
        before = [untouched(jobs / name) for name in ("job1", "job2")]
        lossbench.merge(jobs / "both", jobs / "job1", jobs / "job2")
        assert [untouched(jobs / name) for name in ("job1", "job2")] == before

    def test_files_are_copies(self, jobs: Path) -> None:
        """What befalls one save dir does not befall the other."""
        lossbench.merge(jobs / "both", jobs / "job1")
        assert {path.stat().st_nlink for path in (jobs / "both").rglob("*") if path.is_file()} == {1}

    def test_no_torch_is_imported(self) -> None:
        code = "import sys, lossbench; lossbench.merge; sys.exit('torch' in sys.modules)"
        assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


class TestBoth:
    def test_of_differing_results_the_first_stay(self, jobs: Path) -> None:
        lossbench.merge(jobs / "both", jobs / "job1")
        before, key = contents(jobs / "both"), keys(jobs / "job1")[0]
        changed(jobs / "job1", key)
        merged = lossbench.merge(jobs / "both", jobs / "job1")
        assert (merged.copied.differing, merged.lost) == ((key,), False)
        assert contents(jobs / "both") == before
        assert merged.words[key].endswith(tuple(f" seed {seed}" for seed in (1, 2, 3)))

    def test_between_sources_too(self, jobs: Path) -> None:
        shutil.copytree(jobs / "job1", jobs / "other")
        changed(jobs / "other", keys(jobs / "job1")[0])
        merged = lossbench.merge(jobs / "both", jobs / "job1", jobs / "other")
        assert merged.copied.differing == (keys(jobs / "job1")[0],)
        assert len(merged.copied.trials) == 3

    def test_weights_that_one_of_them_kept_are_no_difference(self, data: Path, jobs: Path) -> None:
        study = small(data, **STUDIES["plain"])
        lossbench.run(study, jobs / "other", executor="inline", keep_weights=True, shard=(1, 2))
        merged = lossbench.merge(jobs / "job1", jobs / "other")
        assert (len(merged.copied.had), merged.copied.differing) == (3, ())

    def test_own_metrics_that_the_other_computed_are_copied(self, data: Path, jobs: Path) -> None:
        study = small(data, seeds=3, plan=STUDIES["own metrics"]["plan"])
        lossbench.run(study, jobs / "job1", executor="inline", shard=(1, 2))
        assert lossbench.merge(jobs / "both", jobs / "job2").copied.trials
        shutil.copytree(jobs / "job1", jobs / "bare")
        for folder in (jobs / "bare").glob("trials/*/metrics"):
            shutil.rmtree(folder)
        lossbench.merge(jobs / "bare", jobs / "job1")
        assert contents(jobs / "bare") == contents(jobs / "job1") | {
            name: text for name, text in contents(jobs / "bare").items() if name.startswith("studies/")
        }


class TestDamaged:
    def test_a_damaged_trial_is_not_copied_and_the_rest_is(self, jobs: Path) -> None:
        key = keys(jobs / "job1")[0]
        file = jobs / "job1" / "trials" / key / "logits.safetensors"
        file.write_bytes(file.read_bytes()[:-1])
        merged = lossbench.merge(jobs / "both", jobs / "job1", jobs / "job2")
        assert (merged.copied.lost, merged.lost, len(merged.copied.trials)) == ((key,), True, 5)
        ((path, why),) = merged.damaged
        assert path == str(file.parent)
        assert "logits.safetensors" in why
        assert Store(jobs / "both").status(key) == "missing"

    @pytest.mark.parametrize("name", ["provenance.json", "trial.json", "history.csv"])
    def test_another_source_that_has_it_whole_helps(self, jobs: Path, name: str) -> None:
        shutil.copytree(jobs / "job1", jobs / "other")
        key = keys(jobs / "job1")[0]
        (jobs / "job1" / "trials" / key / name).write_text("{}")
        merged = lossbench.merge(jobs / "both", jobs / "job1", jobs / "other")
        assert (merged.lost, len(merged.damaged), len(merged.copied.trials)) == (False, 1, 3)

    def test_a_damaged_one_that_is_there_is_replaced(self, made: Path, jobs: Path) -> None:
        lossbench.merge(jobs / "both", jobs / "job1", jobs / "job2")
        key = keys(jobs / "job1")[0]
        (jobs / "both" / "trials" / key / "counts.npz").write_bytes(b"no")
        merged = lossbench.merge(jobs / "both", jobs / "job1")
        assert (merged.copied.replaced, merged.copied.trials) == ((key,), (key,))
        assert contents(jobs / "both") == contents(made / "whole")
        assert (jobs / "both" / "damaged" / "trials" / key / "1" / "counts.npz").read_bytes() == b"no"

    def test_files_of_other_places_are_not_copied(self, jobs: Path) -> None:
        """A store that was made by hand may name any file."""
        (jobs / "job1" / "secret").write_text("x")
        key = keys(jobs / "job1")[0]
        kept = dict(Store(jobs / "job1").provenance(key))
        del kept["format"]
        digests = {**kept["digests"], "../../secret": __import__("hashlib").sha256(b"x").hexdigest()}
        (jobs / "job1" / "trials" / key / "provenance.json").write_text(sealed({**kept, "digests": digests}))
        merged = lossbench.merge(jobs / "both", jobs / "job1")
        assert merged.copied.lost == (key,)
        assert "it names a file ../../secret" in merged.damaged[0][1]

    def test_damaged_pictures_are_told_and_the_next_run_makes_them_anew(self, data: Path, jobs: Path) -> None:
        for name in ("job1", "job2"):
            file = next((jobs / name / "data").glob("*/train_pictures.npy"))
            file.write_bytes(file.read_bytes()[:-1] + b"!")
        merged = lossbench.merge(jobs / "both", jobs / "job1", jobs / "job2")
        assert merged.lost
        assert [why for _, why in merged.damaged] == ["train_pictures.npy holds other pictures than were written"] * 2
        lossbench.run(small(data, **STUDIES["plain"]), jobs / "both", executor="inline")
        store = Store(jobs / "both")
        assert verified(store, StudyFolder.read(store, "small")).damaged == ()

    def test_pictures_of_which_one_source_is_damaged(self, jobs: Path) -> None:
        file = next((jobs / "job1" / "data").glob("*/train_pictures.npy"))
        file.write_bytes(file.read_bytes()[:-1] + b"!")
        merged = lossbench.merge(jobs / "both", jobs / "job1", jobs / "job2")
        assert (merged.lost, merged.damaged, len(merged.pictures)) == (False, (), 1)

    def test_a_damaged_document_of_one_source_alone(self, jobs: Path) -> None:
        (jobs / "job1/studies/small/study.json").write_text("{}")
        merged = lossbench.merge(jobs / "both", jobs / "job1", jobs / "job2")
        assert (merged.lost, merged.studies[0].ended) == (False, 6)
        assert merged.damaged[0][0] == str(jobs / "job1/studies/small")
        alone = lossbench.merge(jobs / "alone", jobs / "job1")
        assert (alone.lost, alone.studies, len(alone.copied.trials)) == (True, (), 3)


class TestUnfinished:
    @pytest.fixture
    def begun(self, data: Path, jobs: Path) -> tuple[Path, str]:
        """Of one trial `job1` has a checkpoint after one epoch, and `other` after two of three."""
        study = small(data, name="begun", losses=["gce"], seeds=1, recipe={"epochs": 3})
        (key,) = interrupted(study, jobs / "one", 1)
        assert interrupted(study, jobs / "two", 2) == [key]
        return jobs, key

    def test_the_furthest_checkpoint_is_copied(self, begun: tuple[Path, str]) -> None:
        folder, key = begun
        file = f"trials/{key}/checkpoint/state.safetensors"
        for order in itertools.permutations(("one", "two")):
            into = folder / "-".join(order)
            merged = lossbench.merge(into, *(folder / name for name in order))
            assert merged.copied.begun == (key,)
            assert (into / file).read_bytes() == (folder / "two" / file).read_bytes()
        assert lossbench.merge(folder / "two", folder / "one").copied.begun == ()
        assert lossbench.merge(folder / "one", folder / "two").copied.begun == (key,)

    def test_a_damaged_checkpoint_gives_way_to_the_next(self, begun: tuple[Path, str]) -> None:
        folder, key = begun
        file = f"trials/{key}/checkpoint/state.safetensors"
        content = (folder / "two" / file).read_bytes()
        (folder / "two" / file).write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        lossbench.merge(folder / "both", folder / "two", folder / "one")
        assert (folder / "both" / file).read_bytes() == (folder / "one" / file).read_bytes()

    def test_one_that_ended_elsewhere_needs_none(self, made: Path, jobs: Path) -> None:
        key = keys(jobs / "job1")[0]
        folder = unended(jobs / "job1", key)
        Store(jobs / "job1").fail(Store(made / "job1").kept(key).trial(), "no luck", for_good=True)
        merged = lossbench.merge(jobs / "both", jobs / "job1")
        assert merged.copied.failed == (key,)
        store = Store(jobs / "both")
        assert (store.status(key), store.reason(key), store.failed_for_good(key)) == ("failed", "no luck", True)
        again = lossbench.merge(jobs / "both", jobs / "job1")
        assert again.copied.failed == ()
        lossbench.merge(jobs / "both", made / "job1")
        assert store.status(key) == "finished"
        assert not (jobs / "both" / "trials" / key / "failure.json").exists()
        assert folder.exists()

    def test_one_that_is_held_in_a_source_is_left(self, jobs: Path) -> None:
        key = keys(jobs / "job1")[0]
        folder = unended(jobs / "job1", key)
        with FileLock(folder / "claim.lock"):
            merged = lossbench.merge(jobs / "both", jobs / "job1")
        assert (merged.copied.held, merged.lost, len(merged.copied.trials)) == ((key,), False, 2)

    def test_one_that_is_held_where_it_is_to_go_is_left(self, jobs: Path) -> None:
        key = keys(jobs / "job1")[0]
        (jobs / "both/trials" / key).mkdir(parents=True)
        with FileLock(jobs / "both/trials" / key / "claim.lock"):
            merged = lossbench.merge(jobs / "both", jobs / "job1")
        assert (merged.copied.held, len(merged.copied.trials)) == ((key,), 2)
        assert lossbench.merge(jobs / "both", jobs / "job1").copied.trials == (key,)


def interrupted(study: Study, folder: Path, epochs: int) -> list[str]:
    """Runs a study until its first trial has so many epochs; gives the keys of its trials."""
    from lossbench.api.running import prepare, train_missing
    from lossbench.run import Event, Inline

    def notify(event: Event) -> None:
        if event.kind == "epoch" and event.epoch == epochs + 1:
            raise KeyboardInterrupt

    prepared = prepare(study, folder)
    with pytest.raises(KeyboardInterrupt):
        train_missing(prepared, Inline(), notify, checkpoint_seconds=0)
    return list(prepared.trials)


class TestStudies:
    def run(self, data: Path, folder: Path, **changes: Any) -> Path:
        lossbench.run(small(data, **changes), folder, executor="inline")
        return folder

    def test_the_larger_of_two_forms_stays(self, data: Path, tmp_path: Path) -> None:
        less = self.run(data, tmp_path / "less", losses=["gce"], seeds=1)
        more = self.run(data, tmp_path / "more", seeds=2)
        for order in ((less, more), (more, less)):
            merged = lossbench.merge(tmp_path / f"x{order[0].name}", *order)
            assert merged.studies[0].trials == 4
            assert merged.lost is False
        assert contents(tmp_path / "xless") == contents(more)

    def test_seeds_of_their_own_are_those_of_all(self, data: Path, tmp_path: Path) -> None:
        """As it was done before there were parts."""
        one = self.run(data, tmp_path / "one", seeds=[2])
        two = self.run(data, tmp_path / "two", seeds=[1, 3])
        whole = self.run(data, tmp_path / "whole", seeds=3)
        lossbench.merge(tmp_path / "both", one, two)
        assert contents(tmp_path / "both") == contents(whole)

    def test_so_it_is_with_conditions(self, data: Path, tmp_path: Path) -> None:
        scenarios = ["clean", NOISY]
        one = self.run(data, tmp_path / "one", seeds=[2], scenarios=scenarios)
        two = self.run(data, tmp_path / "two", seeds=[1], scenarios=scenarios)
        whole = self.run(data, tmp_path / "whole", seeds=2, scenarios=scenarios)
        lossbench.merge(tmp_path / "both", one, two)
        assert contents(tmp_path / "both") == contents(whole)

    def test_several_studies(self, data: Path, tmp_path: Path) -> None:
        one = self.run(data, tmp_path / "one", name="a")
        two = self.run(data, tmp_path / "two", name="b", losses=["mae"])
        merged = lossbench.merge(tmp_path / "both", one, two)
        assert [study.name for study in merged.studies] == ["a", "b"]
        assert Store(tmp_path / "both").study_names() == ["a", "b"]

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"recipe": {"epochs": 1}}, "got a difference in recipe "),
            ({"plan": {"hypotheses": "test.accuracy: gce > cross_entropy"}}, "got a difference in plan.hypotheses "),
            ({"losses": ["mae"], "seeds": [7]}, "got a difference in losses "),
        ],
    )
    def test_two_that_conflict_are_refused_before_anything_is_written(
        self, data: Path, made: Path, tmp_path: Path, changes: dict[str, Any], words: str
    ) -> None:
        other = self.run(data, tmp_path / "other", **changes)
        with pytest.raises(SaveDirError, match="FROM: expected the study small to be the same in") as told:
            lossbench.merge(tmp_path / "both", made / "job1", other)
        assert words in f"{told.value} "
        assert not (tmp_path / "both").exists()
        before = untouched(other)
        with pytest.raises(SaveDirError, match="FROM: expected the study small to be the same in"):
            lossbench.merge(other, made / "job1")
        assert untouched(other) == before

    def test_trials_of_another_version_are_a_conflict(self, jobs: Path) -> None:
        store = Store(jobs / "job2")
        folder = StudyFolder.read(store, "small")
        replace(folder, trials={pair: key[::-1] for pair, key in folder.trials.items()}).write(store)
        with pytest.raises(
            SaveDirError, match=r"got a difference in trials \(cross_entropy seed 1 is another one, as of another"
        ):
            lossbench.merge(jobs / "both", jobs / "job1", jobs / "job2")


class TestRefused:
    @pytest.mark.parametrize(
        ("sources", "words"),
        [
            ([], "FROM: expected one save dir or more, got none"),
            (["both"], "FROM: expected save dirs other than INTO, got "),
            (["job1", "job1/../both"], "FROM: expected save dirs other than INTO, got "),
            (["both/inner"], "FROM: expected save dirs outside of INTO, which does not lie in them, got "),
            (["."], "FROM: expected save dirs outside of INTO, which does not lie in them, got "),
            (["job3"], "FROM: expected a save dir, as log, got "),
            (["empty"], "FROM: expected a save dir, as log, got "),
            (["job1/studies/small"], "FROM: expected a save dir, as log, got "),
        ],
    )
    def test_folders_that_cannot_be_put_together(self, jobs: Path, sources: list[str], words: str) -> None:
        (jobs / "empty").mkdir()
        shutil.copytree(jobs / "job2", jobs / "both")
        shutil.copytree(jobs / "job2", jobs / "both/inner")
        before = untouched(jobs / "both")
        with pytest.raises(RequestError) as told:
            lossbench.merge(jobs / "both", *(jobs / name for name in sources))
        assert str(told.value).startswith(words)
        assert untouched(jobs / "both") == before

    @pytest.mark.parametrize(("newer", "field"), [("job1", "FROM"), ("job2", "INTO")])
    def test_a_save_dir_of_a_later_lossbench(self, jobs: Path, newer: str, field: str) -> None:
        raise_format(jobs / newer / "store.json")
        before = untouched(jobs)
        with pytest.raises(SaveDirError, match=f"{field}: expected one whose format is at most 2, got .*update"):
            lossbench.merge(jobs / "job2", jobs / "job1")
        assert untouched(jobs) == before

    def test_a_trial_of_a_later_lossbench_is_not_copied(self, jobs: Path) -> None:
        key = keys(jobs / "job1")[0]
        raise_format(jobs / "job1/trials" / key / "provenance.json")
        merged = lossbench.merge(jobs / "both", jobs / "job1")
        assert merged.copied.lost == (key,)
        assert "it is of format 3 (update lossbench)" in merged.damaged[0][1]

    def test_where_nothing_can_be_written(self, jobs: Path) -> None:
        (jobs / "both").write_text("a file")
        with pytest.raises(SaveDirError, match="INTO: expected a folder that can be written, got "):
            lossbench.merge(jobs / "both", jobs / "job1")


def raise_format(path: Path) -> None:
    """Makes a document one of the next format, with the seal that it needs."""
    import json

    from lossbench.store.sealed import _digest

    values = json.loads(path.read_bytes())
    values.pop("sha256")
    values["format"] = 3
    path.write_text(json.dumps({**values, "sha256": _digest(values)}), encoding="utf-8")
