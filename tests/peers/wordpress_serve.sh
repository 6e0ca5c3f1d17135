#!/usr/bin/env bash
# Serves the site that wordpress_up.sh laid out in RUNDIR; its database must run.
#
#   tests/peers/wordpress_serve.sh RUNDIR HTTP_PORT
set -euo pipefail

run_dir=${1:?RUNDIR}
http_port=${2:?HTTP_PORT}

PHP_CLI_SERVER_WORKERS=4 setsid php -d memory_limit=256M -d display_errors=0 \
  -d opcache.enable_cli=1 -d opcache.revalidate_freq=0 \
  -S "127.0.0.1:$http_port" -t "$run_dir/site" "$run_dir/front.php" \
  >>"$run_dir/php.log" 2>&1 </dev/null &
echo $! >"$run_dir/php.pid"
for _ in $(seq 150); do
  curl -fs -o /dev/null "http://127.0.0.1:$http_port/readme.html" && exit 0
  grep -qs "Failed to listen" "$run_dir/php.log" && break
  sleep 0.2
done
echo "PHP did not start; see $run_dir/php.log" >&2
exit 1
