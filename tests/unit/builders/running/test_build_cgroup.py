"""The limits as data. Real cgroups need Docker: see the tests of both builders."""

from __future__ import annotations

from pathlib import Path

import pytest

from hookserver.builders.running.build_cgroup import Cgroup, cgroup_name, limit_files, slice_properties
from hookserver.config import BuildSettings

BUILD = BuildSettings(cpus=1.5, memory=256 << 20)


def test_unified_hierarchy_has_limits_of_processes_memory_and_cores() -> None:
    assert limit_files(2, BUILD) == {
        "pids.max": "2048",
        "memory.max": "268435456",
        "memory.swap.max": "0",
        "cpu.max": "150000 100000",
    }


def test_first_version_has_the_same_limits_each_in_the_hierarchy_of_its_controller() -> None:
    files = limit_files(1, BUILD)
    assert files["pids/pids.max"] == "2048"
    assert files["memory/memory.limit_in_bytes"] == files["memory/memory.memsw.limit_in_bytes"] == "268435456"
    assert list(files).index("memory/memory.limit_in_bytes") < list(files).index("memory/memory.memsw.limit_in_bytes")
    assert (files["cpu/cpu.cfs_period_us"], files["cpu/cpu.cfs_quota_us"]) == ("100000", "150000")


@pytest.mark.parametrize(("cpus", "quota"), [(1.5, "CPUQuota=150%"), (0.001, "CPUQuota=1%")])
def test_slice_of_systemd_has_the_same_limits(cpus: float, quota: str) -> None:
    properties = slice_properties(BuildSettings(cpus=cpus, memory=256 << 20))
    assert properties == ["TasksMax=2048", "MemoryMax=268435456", "MemorySwapMax=0", quota]


def test_name_is_of_the_installation_and_the_deploy_and_directly_below_the_root_of_systemd() -> None:
    names = {cgroup_name(Path(root), deploy, True) for root in ("/a", "/b") for deploy in (7, 8)}
    assert len(names) == 4
    assert not any("-" in name for name in names)
    assert all(name.endswith(".slice") for name in names)


def test_parent_is_a_path_for_cgroupfs_and_a_slice_for_systemd() -> None:
    assert Cgroup("hookserver_a_7", 2, is_slice=False).parent == "/hookserver_a_7"
    assert Cgroup("hookserver_a_7.slice", 2, is_slice=True).parent == "hookserver_a_7.slice"
