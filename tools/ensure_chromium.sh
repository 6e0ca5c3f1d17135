#!/bin/sh
# Makes sure that the browser tests find a Chromium: one that is installed, else Debian's.
set -eu

for name in chromium chromium-browser google-chrome; do
    if command -v "$name" >/dev/null 2>&1; then
        exit 0
    fi
done

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    # Without the font, pages with emoji show boxes.
    apt-get install -y -qq --no-install-recommends chromium fonts-noto-color-emoji
    exit 0
fi

echo "The browser tests need Chromium. Install it, for example as root with" >&2
echo "    apt-get install chromium fonts-noto-color-emoji" >&2
echo "or leave them out: make test ARGS=\"-m 'not browser and not peers'\"" >&2
exit 1
