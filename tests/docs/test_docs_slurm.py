"""The scripts for SLURM on docs/cluster.md, run with programs in the place of the scheduler's and Ray's."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from docs_blocks import ROOT, blocks

STUDY = "name: both\nmodels: [mlp]\nlosses: [l1]\nseeds: 2\nrecipe: {epochs: 1}\n"


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    """A folder with the page's scripts, a small study, and a `lossbench` that is this one."""
    for block in blocks((ROOT / "docs" / "cluster.md").read_text(encoding="utf-8")):
        if block.title.endswith(".sbatch"):
            (tmp_path / block.title).write_text(block.body, encoding="utf-8")
        elif "--dependency=" in block.body:
            (tmp_path / "submit").write_text(block.body, encoding="utf-8")
    (tmp_path / "study.yaml").write_text(STUDY, encoding="utf-8")
    command(tmp_path, "lossbench", f'exec "{sys.executable}" -m lossbench "$@"')
    return tmp_path


def command(folder: Path, name: str, body: str) -> None:
    """Puts a program of a name where the scripts look first."""
    path = folder / "bin" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    path.chmod(0o755)


def run(folder: Path, script: str, **variables: str) -> str:
    """What a script prints."""
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "SCRATCH": str(folder), **variables}
    done = subprocess.run(
        ["bash", script], cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
class TestScripts:
    def test_a_task_trains_its_part_and_the_last_job_merges_what_is_there(self, scripts: Path) -> None:
        said = run(scripts, "part.sbatch", SLURM_ARRAY_TASK_ID="2", SLURM_CPUS_PER_TASK="1")
        assert "both, part 2/16 has 1 of the study's 2 trials: 1 finished" in said
        (scripts / "both/part16").mkdir()
        takes = 'case "$1" in --parsable) echo 7;; --dependency=afterok:7) eval "$4";; *) exit 1;; esac'
        command(scripts, "sbatch", takes)
        command(scripts, "lossbench", 'echo "$*"')
        both = scripts / "both"
        assert run(scripts, "submit") == f"merge {both}/whole {both}/part16 {both}/part2\n"

    def test_the_script_for_ray_starts_a_head_the_others_and_the_run(self, scripts: Path) -> None:
        command(scripts, "scontrol", "printf 'node1\\nnode2\\nnode3\\nnode4\\n'")
        command(
            scripts, "srun", 'case "$*" in *hostname*) echo 10.0.0.1 10.0.0.2;; *) echo "srun $*" >> srun.txt;; esac'
        )
        command(scripts, "ray", "exit 0")
        command(scripts, "lossbench", 'sleep 1; echo "lossbench $*"')
        variables = {"SLURM_JOB_ID": "12345", "SLURM_JOB_NUM_NODES": "4", "SLURM_CPUS_PER_TASK": "16"}
        said = run(scripts, "ray.sbatch", SLURM_JOB_NODELIST="node[1-4]", **variables)
        options = f"study.yaml --executor ray --address 10.0.0.1:22345 --save-dir {scripts}/both"
        assert said == f"lossbench run {options}\n"
        head, others = sorted((scripts / "srun.txt").read_text().splitlines(), key=len, reverse=True)
        assert "--nodelist=node1 ray start --head --node-ip-address=10.0.0.1 --port=22345 --num-cpus=16" in head
        assert "--nodes=3 --ntasks=3 --exclude=node1 ray start --address=10.0.0.1:22345 --num-cpus=16 --block" in others
        assert head.endswith("--block")
