#!/usr/bin/env bash
# Builds Nginx from the distribution's source package with the flags of a well-known write-up, and installs it below
# /opt/nginx: its program is then *named* /opt/nginx/sbin.
#   compile.sh CACHE      CACHE: a folder for the built tree, which makes the second call quick
set -euo pipefail
CACHE=$1
SOURCES=/etc/apt/sources.list
# shellcheck source=/dev/null
CODENAME=$(. /etc/os-release && echo "$VERSION_CODENAME")

# The machine's own sources of packages, asked for source code instead; its lists of packages stay as they are.
source_lines() {
    local file
    for file in "$SOURCES" "$SOURCES".d/*.list; do
        [ ! -f "$file" ] || awk -v suite="$CODENAME" '$1 == "deb" && index(" " $0, " " suite) { $1 = "deb-src"; print }' "$file"
    done >"$1/source.list"
    for file in "$SOURCES".d/*.sources; do
        [ ! -f "$file" ] || awk -v suite="$CODENAME" -v RS= -v ORS='\n\n' '
            $0 ~ "Suites: *" suite { gsub(/(^|\n)Types: *deb( |\n)/, "\nTypes: deb-src\n"); print }' "$file"
    done >"$1/source.sources"
}

build() {
    local apt=$CACHE/apt
    mkdir -p "$apt/parts" "$apt/lists/partial"
    source_lines "$apt/parts"
    apt-get install -y -q --no-install-recommends gcc make dpkg-dev libc6-dev libpcre2-dev zlib1g-dev libssl-dev
    (
        cd "$CACHE"
        options=(-o Dir::Etc::sourcelist=/dev/null -o "Dir::Etc::sourceparts=$apt/parts" -o "Dir::State::lists=$apt/lists")
        options+=(-o APT::Sandbox::User=root)
        apt-get "${options[@]}" update -q
        rm -rf nginx-*
        # A mirror may have the newest version's list entry, but not its files yet.
        for version in $(apt-cache "${options[@]}" showsrc nginx | awk '$1 == "Version:" { print $2 }' | sort -rV); do
            apt-get "${options[@]}" source -q "nginx=$version" && break
        done
        cd nginx-*/
        ./configure --sbin-path=/opt/nginx/sbin --conf-path=/opt/nginx/config/nginx.conf \
            --pid-path=/opt/nginx/config/nginx.pid --with-http_ssl_module
        make -j2
    )
    touch "$CACHE/built"
}

[ -e "$CACHE/built" ] || build
make -C "$CACHE"/nginx-*/ install
