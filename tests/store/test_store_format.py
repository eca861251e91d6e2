"""The format of a store: an earlier one is read and, by the next run, brought up to date; a later one is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cli_runner import QUICK, Runner
from lossbench.store.sealed import FORMAT, NewerError, sealed, unsealed

RUN = ("run", *QUICK, "--losses", "cross_entropy,l1")

pytestmark = pytest.mark.usefixtures("blank_figures")


def as_format_1(save_dir: Path) -> None:
    """Makes a store what it was before documents were sealed."""
    (save_dir / "store.json").unlink()
    for path in save_dir.glob("trials/*/provenance.json"):
        path.write_text(json.dumps(without_seal(path), indent=2) + "\n", encoding="utf-8")
    for path in save_dir.glob("studies/**/study.json"):
        for name, value in without_seal(path).items():
            if name != "study":
                path.with_name(f"{name}.json").write_text(json.dumps(value), encoding="utf-8")
        path.unlink()


def without_seal(path: Path) -> dict[str, Any]:
    values = unsealed(path.read_bytes())
    del values["format"]
    return values


def reseal(path: Path, number: int) -> None:
    """Makes a document one of another format, sealed as every format seals."""
    import hashlib

    values = {**unsealed(path.read_bytes()), "format": number}
    digest = hashlib.sha256(json.dumps(values, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
    path.write_text(json.dumps({**values, "sha256": digest}), encoding="utf-8")


class TestDocuments:
    def test_one_reads_back_with_its_format(self) -> None:
        assert unsealed(sealed({"a": [1, 2.5, "é\n"]})) == {"a": [1, 2.5, "é\n"], "format": FORMAT}

    def test_any_flipped_bit_is_found(self) -> None:
        text = sealed({"name": "made", "losses": ["l1"], "seeds": [1, 2]}).rstrip("\n").encode()
        for place in range(len(text)):
            for bit in range(8):
                damaged = bytearray(text)
                damaged[place] ^= 1 << bit
                with pytest.raises(ValueError, match=r".+"):
                    assert unsealed(bytes(damaged)) != unsealed(text)

    @pytest.mark.parametrize("text", ["", "[]", "null", "{", '{"format": 2}', '{"a": 1, "sha256": "0"}', "[" * 10**5])
    def test_what_is_no_sealed_mapping_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match=r".+"):
            unsealed(text)

    def test_a_later_one_is_told_from_a_damaged_one(self, tmp_path: Path) -> None:
        path = tmp_path / "document.json"
        path.write_text(sealed({"a": 1}))
        reseal(path, FORMAT + 1)
        with pytest.raises(NewerError, match=f"it is of format {FORMAT + 1}"):
            unsealed(path.read_bytes())


def test_an_earlier_store_is_read_as_it_is(lossbench: Runner, here: Path) -> None:
    assert lossbench(*RUN).code == 0
    table = (here / "log/studies/digits-mlp/summary.csv").read_bytes()
    as_format_1(here / "log")
    assert "4 finished" in lossbench("status", "log", "--verify").out
    assert lossbench("report", "log").code == 0
    assert (here / "log/studies/digits-mlp/summary.csv").read_bytes() == table
    assert not (here / "log/store.json").exists()
    assert not list(here.glob("log/studies/*/study.json"))


def test_a_run_brings_an_earlier_store_up_to_date_and_trains_nothing(lossbench: Runner, here: Path) -> None:
    assert lossbench(*RUN).code == 0
    study = (here / "log/studies/digits-mlp/study.json").read_bytes()
    as_format_1(here / "log")
    before = {path: path.read_bytes() for path in here.glob("log/trials/*/*")}
    done = lossbench(*RUN)
    assert "nothing to train" in done.out
    assert {path: path.read_bytes() for path in here.glob("log/trials/*/*")} == before
    assert (here / "log/studies/digits-mlp/study.json").read_bytes() == study
    assert unsealed((here / "log/store.json").read_bytes())["format"] == FORMAT
    for name in ("cards", "data", "trials"):
        assert not (here / f"log/studies/digits-mlp/{name}.json").exists()


@pytest.mark.parametrize("place", ["store.json", "studies/digits-mlp/study.json"])
def test_a_later_store_is_refused_in_one_sentence_and_left_alone(lossbench: Runner, here: Path, place: str) -> None:
    assert lossbench(*RUN).code == 0
    reseal(here / "log" / place, FORMAT + 1)
    before = {path: path.read_bytes() for path in here.rglob("*") if path.is_file()}
    for command in (RUN, ("report", "log"), ("status", "log"), ("watch", "log")):
        done = lossbench(*command)
        assert done.code == 2
        assert done.err.count("\n") == 1
        assert (
            f"expected one whose format is at most {FORMAT}, got log/{place}: it is of format {FORMAT + 1}" in done.err
        )
        assert "(update lossbench)" in done.err
    assert {path: path.read_bytes() for path in here.rglob("*") if path.is_file()} == before


def test_a_damaged_store_json_is_written_anew(lossbench: Runner, here: Path) -> None:
    assert lossbench(*RUN).code == 0
    whole = (here / "log/store.json").read_bytes()
    (here / "log/store.json").write_bytes(whole.replace(b'"format": 2', b'"format": 3'))
    assert lossbench("status", "log").code == 0
    assert lossbench(*RUN).code == 0
    assert (here / "log/store.json").read_bytes() == whole
