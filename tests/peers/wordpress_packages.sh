#!/usr/bin/env bash
# Makes sure that the programs wordpress_up.sh needs are here: those that are installed, else Debian's.
set -euo pipefail

packages=(wordpress wordpress-theme-twentytwentythree mariadb-server php-cli php-mysql php-gd php-xml
  php-mbstring php-curl)

PATH="$PATH:/usr/sbin"
has_programs() {
  for needed in mariadbd mariadb-install-db mariadb php curl; do
    command -v "$needed" >/dev/null || return 1
  done
  php -r 'exit(extension_loaded("mysqli") ? 0 : 1);'
}
if [ -f /usr/share/wordpress/wp-load.php ] && has_programs; then
  exit 0
fi

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
  echo "The tests against real forum software need these Debian packages:" >&2
  echo "    ${packages[*]} curl" >&2
  echo "Install them as root with apt-get, then try again." >&2
  exit 1
fi

# The tests start their own servers; the packages must not start any.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-upgrade --no-install-recommends "${packages[@]}" curl
