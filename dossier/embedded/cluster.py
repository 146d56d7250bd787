"""The life of an embedded PostgreSQL: made once, started or adopted, watched, stopped by its last user."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from dataclasses import replace
from pathlib import Path

from dossier.embedded import layout, process
from dossier.embedded.account import Account, choose_account
from dossier.embedded.binaries import Binaries, find_binaries
from dossier.embedded.errors import ClusterError, ForeignClusterError, StartError
from dossier.embedded.lock import UseMark, exclusive
from dossier.embedded.moving import at_home
from dossier.embedded.places import SHARED
from dossier.embedded.secrets import Passwords, load_passwords
from dossier.private import write_private

SUPERUSER = "postgres"
PORT = 5432
START_PATIENCE = 30.0
STOP_PATIENCE = 20.0
BUILTIN_LOCALE_SINCE = 17

# Durable commits, and a server log in which no statement, parameter or row detail can appear.
SERVER_SETTINGS = {
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "max_connections": "80",
    "password_encryption": "scram-sha-256",
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    "jit": "off",
    "logging_collector": "off",
    "log_statement": "none",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}


class Cluster:
    """The PostgreSQL server of one data directory.

    Several processes may use it at once: the first starts the server, the others adopt it, the last stops it. A
    server left running by a killed process is adopted by the next. Methods block; call them from a thread where an
    event loop runs. All raise leaves of ClusterError.
    """

    def __init__(
        self, data_dir: Path, *, bin_dir: Path | None = None, user: str = "", tcp_port: int | None = None
    ) -> None:
        self._home = layout.open_home(data_dir)
        self._account: Account = choose_account(user)
        self._bin_dir = bin_dir
        self._tcp_port = tcp_port
        self._mark = UseMark(self._home.use_lock)
        self._record: layout.Record | None = None
        self._binaries: Binaries | None = None
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def passwords(self) -> Passwords:
        """The passwords of superuser, owner, service and eraser."""
        return load_passwords(self._home.passwords)

    @property
    def host(self) -> str:
        """The directory of the server's unix socket; a driver takes it as host name."""
        return self._require_record().sockets

    @property
    def port(self) -> int:
        """The port: a part of the socket's name, and the loopback port if TCP was asked for."""
        return self._tcp_port or PORT

    @property
    def cluster_dir(self) -> Path:
        """The server's data directory."""
        return Path(self._require_record().cluster)

    @property
    def version(self) -> str:
        """The version of the programs in use."""
        return self._programs().version

    def start(self) -> None:
        """Make the cluster if there is none, then start or adopt its server and mark it as used by us."""
        with exclusive(self._home.start_lock):
            self._mark.hold()
            try:
                self._create_or_check()
                self._run()
            except BaseException:
                self._mark.release()
                raise

    def ensure_running(self) -> bool:
        """Start the server again if it died; True if that was needed. Cheap while it lives."""
        if self._running():
            return False
        with exclusive(self._home.start_lock):
            if self._running():
                return False
            self._run()
            return True

    def stop(self) -> bool:
        """Give the server up; stop it, and say True, if no other process uses it. Committed data are safe anyway."""
        with exclusive(self._home.start_lock):
            if self._record is None or not self._mark.release():
                return False
            known = process.read_pid_file(self.cluster_dir)
            if known is not None and not process.stop_server(known.pid, self.cluster_dir, STOP_PATIENCE):
                raise StartError("postgresql did not stop in time")
            self._reap()
            return True

    def destroy(self) -> None:
        """Stop the server and remove everything that was made for it, also outside the data directory.

        Raises ClusterError, and removes nothing, if another process uses the server.
        """
        record = self._require_record()
        if not self.stop():
            raise ClusterError("the embedded postgresql is in use: stop what runs on this folder first")
        for place in {Path(record.cluster).parent, Path(record.sockets).parent}:
            outside = place.parent if place.parent.parent == SHARED else place
            shutil.rmtree(outside, ignore_errors=True)
        shutil.rmtree(self._home.path, ignore_errors=True)

    def _require_record(self) -> layout.Record:
        if self._record is None:
            raise RuntimeError("the cluster has not been started")
        return self._record

    def _programs(self) -> Binaries:
        if self._binaries is None:
            self._binaries = find_binaries(self._account, self._bin_dir)
        return self._binaries

    def _create_or_check(self) -> None:
        programs = self._programs()
        record = layout.read_record(self._home)
        if record is None:
            record = layout.plan(self._home, self._account, programs.major, programs.directory)
            layout.write_record(self._home, record)
        if not record.whole:
            self._initdb(programs, Path(record.cluster))
            record = replace(record, whole=True)
            layout.write_record(self._home, record)
        record = at_home(self._home, record, self._account)
        made = layout.cluster_major(Path(record.cluster))
        for major in (record.major, made):
            if major != programs.major:
                raise ForeignClusterError(
                    f"the data directory was made by postgresql {major}, the programs are {programs.major}"
                )
        if Path(record.cluster).stat().st_uid != self._account.uid:
            raise ForeignClusterError("the cluster belongs to another account")
        self._record = record

    def _initdb(self, programs: Binaries, cluster: Path) -> None:
        """Make the cluster aside and rename it, so that one cut short is never taken for a whole one."""
        aside = cluster.with_name("cluster.new")
        shutil.rmtree(aside, ignore_errors=True)
        shutil.rmtree(cluster, ignore_errors=True)
        password_file = cluster.parent.with_name("password.new")  # in a folder of ours: only we can put files there
        write_private(password_file, self.passwords.superuser)
        self._account.give(password_file)
        builtin = programs.major >= BUILTIN_LOCALE_SINCE
        locale = ["--locale-provider=builtin", "--locale=C.UTF-8"] if builtin else ["--locale=C"]
        made = self._account.run(
            [
                *(programs.directory / "initdb", "-D", aside, "-U", SUPERUSER, f"--pwfile={password_file}"),
                *("--auth=scram-sha-256", "--encoding=UTF8", "--data-checksums", *locale),
            ],
            timeout=120,
        )
        password_file.unlink()
        if made.returncode != 0:
            raise ClusterError(f"initdb failed with code {made.returncode}: {made.stderr.strip()[-400:]}")
        aside.rename(cluster)

    def _running(self) -> bool:
        if self._child is not None and self._child.poll() is not None:
            self._child = None  # a dead child of ours is reaped here, or its zombie would hold the pid
        known = process.read_pid_file(self.cluster_dir)
        return known is not None and known.ready and process.is_server(known.pid, self.cluster_dir)

    def _run(self) -> None:
        """Adopt the server or start it. A killed server's last processes may need some seconds to go: try again."""
        until = time.monotonic() + START_PATIENCE
        while not (self._running() and process.answers(self._socket())):
            if time.monotonic() > until:
                raise StartError(f"postgresql did not start; see `{self._home.log}`")
            if not self._alive():
                process.drop_stale_pid_file(self.cluster_dir)
                self._child = self._spawn()
            time.sleep(0.03)

    def _alive(self) -> bool:
        """Whether a server process exists, ready or not yet."""
        if self._child is not None and self._child.poll() is None:
            return True
        known = process.read_pid_file(self.cluster_dir)
        return known is not None and process.is_server(known.pid, self.cluster_dir)

    def _spawn(self) -> subprocess.Popen[bytes]:
        settings = {**SERVER_SETTINGS, "listen_addresses": "127.0.0.1" if self._tcp_port else ""}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        log = os.open(self._home.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            program = self._programs().directory / "postgres"
            place: list[str | Path] = ["-D", self.cluster_dir, "-k", self.host, "-p", str(self.port)]
            return self._account.spawn([program, *place, *options], log)
        finally:
            os.close(log)

    def _socket(self) -> Path:
        return Path(self.host) / f".s.PGSQL.{self.port}"

    def _reap(self) -> None:
        if self._child is not None:
            self._child.wait(STOP_PATIENCE)
            self._child = None
