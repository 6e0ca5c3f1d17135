from __future__ import annotations

import os
import select
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from earful.job_queue import EmbeddedServer, JobQueue, JobQueueUnavailable, address, embedded


def test_configured_server_is_preferred(tmp_path: Path) -> None:
    assert address("redis://cache:6379/0", tmp_path) == "redis://cache:6379/0"


def test_only_a_private_socket_is_open(server_folder: Path) -> None:
    folder = server_folder / "job_queue"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "server.sock").stat().st_mode) == 0o700
    jobs = JobQueue.connect(address("", server_folder))
    assert jobs._connection.config_get("port") == {"port": "0"}
    assert jobs._connection.config_get("appendfsync") == {"appendfsync": "everysec"}
    jobs.close()


def test_data_survives_a_stop_and_a_kill(tmp_path: Path) -> None:
    server = EmbeddedServer(tmp_path)
    jobs = JobQueue.connect(address("", tmp_path))
    with server:
        jobs.enqueue("triage", 1)
    with server:
        assert jobs.depths()["triage"] == 1
        assert server.process is not None
        server.process.kill()
        server.process.wait()
        assert not server.running
        server.start()
        assert jobs.depths()["triage"] == 1
    assert not server.running
    jobs.close()


def test_long_folder_names_get_a_short_socket(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 20) / ("name" * 20)
    with EmbeddedServer(folder) as server:
        assert len(str(server.socket)) < 100
        assert stat.S_IMODE(server.socket.parent.stat().st_mode) == 0o700
        jobs = JobQueue.connect(address("", folder))
        jobs.ping()
        jobs.close()
    (server.socket.parent).rmdir()


def test_second_server_on_one_folder_is_refused(tmp_path: Path) -> None:
    with EmbeddedServer(tmp_path), pytest.raises(JobQueueUnavailable, match="Another Earful"):
        EmbeddedServer(tmp_path).start()


def test_failure_to_start_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "server"
    broken.write_text("#!/bin/sh\necho out of luck\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr(embedded, "find_server", lambda: str(broken))
    server = EmbeddedServer(tmp_path)
    with pytest.raises(JobQueueUnavailable, match="out of luck"):
        server.start()


def test_old_servers_are_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = tmp_path / "redis-server"
    old.write_text("#!/bin/sh\necho Redis server v=6.0.16 sha=0 bits=64\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert embedded.find_server() != str(old)
    old.write_text("#!/bin/sh\necho Redis server v=7.0.15 sha=0 bits=64\n")
    assert embedded.find_server() == str(old)


def test_no_server_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(embedded, "_packaged_server", lambda: None)
    with pytest.raises(JobQueueUnavailable, match=r"job_queue\.redis_url"):
        embedded.find_server()


def test_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.mkdir()
    (tmp_path / "job_queue").symlink_to(real)
    with pytest.raises(JobQueueUnavailable, match="belongs to somebody else"):
        EmbeddedServer(tmp_path).start()


@pytest.mark.faults
@pytest.mark.skipif(sys.platform != "linux", reason="needs parent-death signals")
def test_killed_owner_takes_the_server_along(tmp_path: Path) -> None:
    code = (
        "import pathlib, sys, time; from earful.job_queue import EmbeddedServer;"
        "server = EmbeddedServer(pathlib.Path(sys.argv[1])); server.start();"
        "print(server.process.pid, flush=True); time.sleep(60)"
    )
    owner = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert owner.stdout is not None
    pid = int(owner.stdout.readline())
    watched = os.pidfd_open(pid)
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    owner.stdout.close()
    assert exits(watched)
    # A new owner needs no repair.
    with EmbeddedServer(tmp_path):
        pass


def exits(watched: int) -> bool:
    try:
        return bool(select.select([watched], [], [], 10)[0])
    finally:
        os.close(watched)
