#!/usr/bin/env bash
# Starts a throwaway WordPress with its own MariaDB, both on loopback only, and prints one line of
# JSON: {"url", "user", "application_password"}. Stop it with wordpress_down.sh RUNDIR.
#
#   tests/peers/wordpress_up.sh RUNDIR HTTP_PORT DB_PORT
#
# What it needs is installed by wordpress_packages.sh. Exit status 77 says that something is missing.
set -euo pipefail

run_dir=$(mkdir -p "${1:?RUNDIR}" && cd "$1" && pwd)
http_port=${2:?HTTP_PORT}
db_port=${3:?DB_PORT}
site="http://127.0.0.1:$http_port"
db_socket="$run_dir/sql.sock"
core=/usr/share/wordpress
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

fail() { echo "wordpress_up: $*" >&2; "$here/wordpress_down.sh" "$run_dir" || true; exit 1; }
sql() { mariadb --no-defaults --socket="$db_socket" --user=root "$@"; }
wait_for() { # seconds, what, command...
  local end=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$end" ] || fail "$what did not start; see $run_dir/*.log"
    sleep 0.2
  done
}

for needed in mariadbd mariadb-install-db mariadb php curl; do
  PATH="$PATH:/usr/sbin" command -v "$needed" >/dev/null || { echo "missing: $needed" >&2; exit 77; }
done
[ -f "$core/wp-load.php" ] || { echo "missing: $core" >&2; exit 77; }

start_database() {
  local as=()
  [ "$(id -u)" -ne 0 ] || as=(--user=mysql)
  mkdir -p "$run_dir/sql"
  chmod 755 "$run_dir"
  [ "$(id -u)" -ne 0 ] || chown -R mysql "$run_dir/sql" "$run_dir"
  [ -d "$run_dir/sql/mysql" ] || mariadb-install-db --no-defaults "${as[@]}" \
    --datadir="$run_dir/sql" --auth-root-authentication-method=normal --skip-test-db \
    >"$run_dir/install.log" 2>&1
  PATH="$PATH:/usr/sbin" setsid mariadbd --no-defaults "${as[@]}" --datadir="$run_dir/sql" \
    --socket="$db_socket" --pid-file="$run_dir/sql.own.pid" --bind-address=127.0.0.1 \
    --port="$db_port" --skip-log-bin --skip-name-resolve --performance-schema=OFF \
    --innodb-flush-log-at-trx-commit=0 --innodb-buffer-pool-size=64M \
    >"$run_dir/sql.log" 2>&1 </dev/null &
  echo $! >"$run_dir/sql.pid"
  wait_for 60 MariaDB sql -e "SELECT 1"
  sql -e "CREATE DATABASE IF NOT EXISTS blog CHARACTER SET utf8mb4;
          CREATE USER IF NOT EXISTS blog@'127.0.0.1' IDENTIFIED BY 'blog';
          GRANT ALL ON blog.* TO blog@'127.0.0.1';"
}

lay_out_site() {
  mkdir -p "$run_dir/site"
  [ -f "$run_dir/site/index.php" ] || cp -rL "$core/." "$run_dir/site/" 2>/dev/null || true
  mkdir -p "$run_dir/site/wp-content/mu-plugins"
  cat >"$run_dir/site/wp-config.php" <<PHP
<?php
define('DB_HOST', '127.0.0.1:$db_port');
define('DB_NAME', 'blog');
define('DB_USER', 'blog');
define('DB_PASSWORD', 'blog');
define('DB_CHARSET', 'utf8mb4');
define('DB_COLLATE', '');
define('WP_HOME', '$site');
define('WP_SITEURL', '$site');
define('WP_ENVIRONMENT_TYPE', 'local');      // application passwords without TLS
define('WP_HTTP_BLOCK_EXTERNAL', true);      // it must never call out
define('DISABLE_WP_CRON', true);
define('AUTOMATIC_UPDATER_DISABLED', true);
\$table_prefix = 'wp_';
defined('ABSPATH') || define('ABSPATH', __DIR__ . '/');
require_once ABSPATH . 'wp-settings.php';
PHP
  cp "$here/wordpress_switches.php" "$run_dir/site/wp-content/mu-plugins/"
  mkdir -p "$run_dir/switches"
  cat >"$run_dir/front.php" <<'PHP'
<?php // What a web server's rewriting does: files as they are, everything else to WordPress.
$root = __DIR__ . '/site';
$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
register_shutdown_function(function () {
    $line = "{$_SERVER['REQUEST_METHOD']} {$_SERVER['REQUEST_URI']} " . http_response_code() . "\n";
    file_put_contents(__DIR__ . '/requests.log', $line, FILE_APPEND | LOCK_EX);
});
$file = realpath($root . $path);
$inside = $file && str_starts_with($file, realpath($root));
if ($inside && is_file($file) && !str_ends_with($file, '.php')) { return false; }
if ($inside && is_dir($file)) { $file .= '/index.php'; $path = rtrim($path, '/') . '/index.php'; }
if (!$inside || !is_file($file)) { $file = $root . '/index.php'; $path = '/index.php'; }
$_SERVER['SCRIPT_NAME'] = $_SERVER['PHP_SELF'] = $path;
chdir(dirname($file));
require $file;
PHP
}

install_blog() {
  cat >"$run_dir/install.php" <<'PHP'
<?php
[$_, $run_dir, $host] = $argv;
$_SERVER += ['HTTP_HOST' => $host, 'REQUEST_METHOD' => 'GET', 'REQUEST_URI' => '/',
             'SERVER_PROTOCOL' => 'HTTP/1.1'];
define('WP_INSTALLING', true);
require "$run_dir/site/wp-load.php";
require ABSPATH . 'wp-admin/includes/upgrade.php';
is_blog_installed() || wp_install('Larkfield Bikes', 'larkfield', 'shop@larkfield.example', true, '', wp_generate_password());
$wp_rewrite->set_permalink_structure('/%year%/%monthnum%/%postname%/');
$wp_rewrite->flush_rules(false);
foreach (['comment_moderation' => '0', 'comment_previously_approved' => '', 'comments_notify' => '0',
          'moderation_notify' => '0', 'thread_comments' => '1'] as $name => $value) {
    update_option($name, $value);
}
WP_Application_Passwords::delete_all_application_passwords(1);
[$password] = WP_Application_Passwords::create_new_application_password(1, ['name' => 'Earful']);
echo json_encode(['url' => home_url(), 'user' => 'larkfield', 'application_password' => $password],
                 JSON_UNESCAPED_SLASHES), "\n";
PHP
  php -d display_errors=0 "$run_dir/install.php" "$run_dir" "127.0.0.1:$http_port" | tail -n 1
}

start_database
lay_out_site
"$here/wordpress_serve.sh" "$run_dir" "$http_port" || fail "the site did not start"
install_blog
