# shellcheck shell=bash
# Prepares the machine for the scripts: packages, a Docker Engine, a Python environment, routes for Docker networks.
# deploy/demo.sh, deploy/lock.sh and tests/run.sh source it. For Debian and Ubuntu, as root or with sudo.

bold='' red='' plain=''
if [ -t 2 ] && [ -z "${NO_COLOR:-}" ]; then bold=$'\033[1m' red=$'\033[31m' plain=$'\033[0m'; fi

say() { printf '%s==> %s%s\n' "$bold" "$*" "$plain" >&2; }
fail() {
    printf '%s!!! %s%s\n' "$red" "$1" "$plain" >&2
    shift
    [ $# -eq 0 ] || printf '    %s\n' "$@" >&2
    exit 1
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

# need_commands COMMAND:PACKAGE ...: installs the packages whose commands are missing.
need_commands() {
    local pair missing=()
    for pair in "$@"; do
        PATH="$PATH:/usr/sbin:/sbin" command -v "${pair%%:*}" >/dev/null || missing+=("${pair#*:}")
    done
    [ ${#missing[@]} -eq 0 ] || install_packages "${missing[@]}"
}

install_packages() {
    command -v apt-get >/dev/null || fail "missing: $*" "Install them; this script installs packages on Debian and Ubuntu only."
    say "installing $*"
    local log
    log=$(mktemp)
    as_root env DEBIAN_FRONTEND=noninteractive apt-get update >"$log" 2>&1 || fail "apt-get update failed" "$(tail -n 5 "$log")"
    without_services as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y --no-install-recommends "$@" >>"$log" 2>&1 </dev/null ||
        fail "apt-get install failed" "$(grep -m 5 '^[WE]:' "$log")" "$(tail -n 15 "$log")"
    rm -f "$log"
}

# Packages start their services when they are installed, unless policy-rc.d forbids it (invoke-rc.d(8)). Nobody needs an Nginx
# on port 80 here; and without systemd Docker's init script may fail, so need_docker starts the engine.
without_services() {
    local policy=/usr/sbin/policy-rc.d made='' status=0
    if [ ! -e "$policy" ]; then
        made=yes
        as_root tee "$policy" >/dev/null <<'END'
#!/bin/sh
case $1 in
nginx | webhook) exit 101 ;;
docker | containerd) [ -d /run/systemd/system ] || exit 101 ;;
esac
END
        as_root chmod 755 "$policy"
    fi
    "$@" || status=$?
    [ -z "$made" ] || as_root rm -f "$policy"
    return "$status"
}

docker_answers() { as_root timeout 20 "${DOCKER_CLI:-docker}" info >/dev/null 2>&1; }

# need_docker: starts the Docker Engine when it does not answer, and removes what a killed one has left.
need_docker() {
    need_commands dockerd:docker.io iptables:iptables ip:iproute2
    # The client of the engine's package fits the engine.
    if [ -x /usr/bin/docker ]; then DOCKER_CLI=/usr/bin/docker; else DOCKER_CLI=docker; fi
    export DOCKER_CLI
    docker_answers && return
    say "starting the Docker Engine"
    if [ -d /run/systemd/system ]; then
        as_root systemctl start docker || true
    else
        clear_stale_pid /var/run/docker.pid dockerd
        clear_stale_pid /var/run/docker/containerd/containerd.pid containerd
        as_root mkdir -p /var/log
        as_root sh -c 'setsid nohup dockerd --live-restore >>/var/log/dockerd.log 2>&1 </dev/null &'
    fi
    local second
    for second in $(seq 60); do
        docker_answers && return
        sleep 1
    done
    fail "the Docker Engine does not answer after $second s" "$(as_root tail -n 5 /var/log/dockerd.log 2>/dev/null)"
}

clear_stale_pid() {
    local pid
    pid=$(as_root cat "$1" 2>/dev/null) || return 0
    [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = "$2" ] || as_root rm -f "$1"
}

# need_last_resort SUBNET: a packet for the subnet ends at this route while its bridge does not exist, instead of leaving by
# the default route: ip-route(8), unreachable.
need_last_resort() {
    as_root ip route replace unreachable "$1" metric 4278198272
}

# need_web_user: creates the user of the web process, server.user.
need_web_user() {
    id hookserver >/dev/null 2>&1 ||
        as_root useradd --system --user-group --no-create-home --shell /usr/sbin/nologin hookserver
}

# need_python: sets PYTHON to a Python of 3.11 or newer that can create virtual environments. The system's own comes first: the
# web process, of another user, may not enter a home folder.
need_python() {
    local candidate
    for candidate in /usr/bin/python3 python3 python3.14 python3.13 python3.12 python3.11; do
        if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            PYTHON=$candidate
            return
        fi
    done
    if python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        install_packages python3-venv
    else
        install_packages python3 python3-venv
        python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
            install_packages python3.11 python3.11-venv
    fi
    [ "${1:-}" = again ] && fail "no Python of 3.11 or newer" "Install python3 ≥ 3.11 with its venv module."
    need_python again
}

# Removes the marker that deploy/lock.sh adds to the tools of the tests.
WITH_TEST_TOOLS="s/ ; extra == 'test'//; s/ and extra == 'test'//"

# need_environment DIR [test]: a virtual environment with hookserver and the packages of requirements.lock, recreated when
# they change. `test` adds the tools of the tests, which pip leaves out otherwise: no requirement of a file has an extra; and
# it runs the checkout's own code. Without it the code is copied, since the web process may not enter a home folder.
need_environment() {
    local wanted lock=$1/requirements.txt
    need_python
    wanted=$("$PYTHON" --version; cat "$ROOT/pyproject.toml" "$ROOT/requirements.lock"; echo "${2:-}")
    if [ "$(cat "$1/made-for" 2>/dev/null)" != "$wanted" ]; then
        say "making the Python environment ${1##*/}"
        rm -rf "$1"
        "$PYTHON" -m venv "$1"
        sed "$([ "${2:-}" != test ] || echo "$WITH_TEST_TOOLS")" "$ROOT/requirements.lock" >"$lock"
        {
            "$1/bin/pip" install --quiet --disable-pip-version-check --require-hashes --requirement "$lock" &&
                { [ "${2:-}" != test ] || install_hookserver "$1" --editable; }
        } || fail "pip could not install hookserver's dependencies" "Check that this machine reaches a package index."
        printf '%s' "$wanted" >"$1/made-for"
    fi
    [ "${2:-}" = test ] || install_hookserver "$1" --force-reinstall || fail "pip could not install hookserver"
}

install_hookserver() {
    "$1/bin/pip" install --quiet --disable-pip-version-check --no-deps --no-build-isolation "$2" "$ROOT"
}
