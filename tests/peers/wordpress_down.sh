#!/usr/bin/env bash
# Stops what wordpress_up.sh started in RUNDIR. The files stay; remove RUNDIR for a fresh site.
#
#   tests/peers/wordpress_down.sh RUNDIR
set -euo pipefail

run_dir=${1:?RUNDIR}
for name in php sql; do
  pid=$(cat "$run_dir/$name.pid" 2>/dev/null) || continue
  # Each was started as the leader of its own group, so its workers end with it.
  kill -TERM -- "-$pid" 2>/dev/null || kill -TERM "$pid" 2>/dev/null || true
  for _ in $(seq 100); do
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.1
  done
  rm -f "$run_dir/$name.pid"
done
