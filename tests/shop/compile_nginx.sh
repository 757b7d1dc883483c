#!/usr/bin/env bash
# Builds a current Nginx, newer than the distribution's own, with the flags of a well-known write-up, and installs it
# below /opt/nginx: its program is then *named* /opt/nginx/sbin. The source package comes from the distribution's
# development suite (Debian: sid, Ubuntu: devel), or from its own suite where the mirror has no other.
#   compile_nginx.sh CACHE      CACHE: a folder for the built tree, which makes the second call quick
set -euo pipefail
CACHE=$1
SOURCES=/etc/apt/sources.list
# shellcheck source=/dev/null
CODENAME=$(. /etc/os-release && echo "$VERSION_CODENAME")
# shellcheck source=/dev/null
NEWEST=$(. /etc/os-release && [ "$ID" = ubuntu ] && echo devel || echo sid)

# The machine's own sources of packages, asked for the source code of a suite; its lists of packages stay as they are.
source_lines() {
    local suite=$1 folder=$2 file
    for file in "$SOURCES" "$SOURCES".d/*.list; do
        [ ! -f "$file" ] || awk -v own="$CODENAME" -v suite="$suite" '
            $1 == "deb" { for (i = 2; i <= NF; i++) if ($i == own) { $i = suite; $1 = "deb-src"; print; next } }' "$file"
    done >"$folder/source.list"
    for file in "$SOURCES".d/*.sources; do
        [ ! -f "$file" ] || awk -v own="$CODENAME" -v suite="$suite" -v RS= -v ORS='\n\n' '
            $0 ~ "(^|\n)Suites:[^\n]*[ ]" own "([ \n]|$)" {
                gsub(/(^|\n)Types:[^\n]*/, "\nTypes: deb-src\n"); gsub(/\n\n/, "\n")
                gsub(/(^|\n)Suites:[^\n]*/, "\nSuites: " suite); sub(/^\n/, ""); print
            }' "$file"
    done >"$folder/source.sources"
}

fetch_source() {
    local suite=$1 apt=$CACHE/apt options version
    rm -rf "$apt" nginx-*
    mkdir -p "$apt/parts" "$apt/lists/partial"
    source_lines "$suite" "$apt/parts"
    options=(-o Dir::Etc::sourcelist=/dev/null -o "Dir::Etc::sourceparts=$apt/parts" -o "Dir::State::lists=$apt/lists")
    options+=(-o APT::Sandbox::User=root)
    apt-get "${options[@]}" update -q
    # A mirror may have the newest version's list entry, but not its files yet.
    for version in $(apt-cache "${options[@]}" showsrc nginx | awk '$1 == "Version:" { print $2 }' | sort -rVu); do
        apt-get "${options[@]}" source -q "nginx=$version" && return
    done
    return 1
}

build() {
    apt-get install -y -q --no-install-recommends gcc make dpkg-dev libc6-dev libpcre2-dev zlib1g-dev libssl-dev
    mkdir -p "$CACHE"
    (
        cd "$CACHE"
        fetch_source "$NEWEST" || fetch_source "$CODENAME"
        cd nginx-*/
        # Packages made from the repository have the script in auto/, those made from a release have it on top.
        "$([ -x configure ] && echo ./configure || echo auto/configure)" --sbin-path=/opt/nginx/sbin --conf-path=/opt/nginx/config/nginx.conf \
            --pid-path=/opt/nginx/config/nginx.pid --with-http_ssl_module
        make -j2
    )
    touch "$CACHE/built-$NEWEST"
}

[ -e "$CACHE/built-$NEWEST" ] || build
make -C "$CACHE"/nginx-*/ install
