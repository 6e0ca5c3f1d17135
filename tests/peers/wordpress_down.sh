#!/usr/bin/env bash
# Stops what wordpress_up.sh started in RUNDIR: all of it, or only the parts named. The files stay;
# remove RUNDIR for a fresh site.
#
#   tests/peers/wordpress_down.sh RUNDIR [php] [sql]
set -euo pipefail

run_dir=${1:?RUNDIR}
shift
[ $# -gt 0 ] || set -- php sql

# What has ended may stay listed until its parent asks, and in a container nobody may ever ask.
is_running() { [ -r "/proc/$1/stat" ] && ! grep -q ') [ZX] ' "/proc/$1/stat"; }

for name in "$@"; do
  pid=$(cat "$run_dir/$name.pid" 2>/dev/null) || continue
  # Each was started as the leader of its own group, so its workers end with it.
  kill -TERM -- "-$pid" 2>/dev/null || kill -TERM "$pid" 2>/dev/null || true
  for _ in $(seq 100); do
    is_running "$pid" || break
    sleep 0.1
  done
  rm -f "$run_dir/$name.pid"
done
