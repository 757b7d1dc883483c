#!/usr/bin/env bash
# Deploys a Java shop by a git push, and updates it under load: on this machine, on loopback ports, without preparation.
#
#   ./deploy/demo.sh            installs what is missing, deploys the sample shop twice, and leaves it running
#   ./deploy/demo.sh --once     the same, then stops and removes it; ends with 0 only if not one request failed
#   ./deploy/demo.sh --stop     stops and removes what an earlier run left running
#
# For Debian and Ubuntu, as root or with sudo. It writes to .state/demo ($HOOKSERVER_DEMO_STATE). Packages that it installs,
# images and the Maven cache stay, so that the next run is quick. It asks no questions.
set -euo pipefail
exec 2>&1
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=deploy/machine.sh
. "$ROOT/deploy/machine.sh"

APP=cornershop
DOCKER_CLI=${DOCKER_CLI:-docker}
umask 022 # the users of the web process and of Nginx read what is written
SUBNET=172.30.144.0/20
NETWORKS='^0-hookserver-172\.30\.1(4[4-9]|5[0-9])\.' # the names of those in it
FIRST=1.0.0
SECOND=1.1.0
VISITORS=(--connections 12 --think 50 --visitors 10 --uploads 2 --upload-seconds 2)

green='' dim=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
    green=$'\033[1;32m' dim=$'\033[2m'
fi

note() { printf '    %s\n' "$*"; }

main() {
    local mode=${1:-}
    case $mode in
    '' | --once | --stop) ;;
    -h | --help) sed -n '2,9s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" && exit ;;
    *) fail "unknown option: $mode" "One of: --once, --stop, --help." ;;
    esac
    become_root "$@"
    choose_state
    exec 9>"$STATE/lock"
    flock -n 9 || fail "another demo.sh is running" "Wait for its end, or stop it."
    if [ "$mode" = --stop ]; then
        stop_all
        say "stopped; images, caches and packages stay"
        return
    fi
    trap 'on_exit $?' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    # Background processes must not inherit the lock.
    prepare 9>&-
    start_hookserver 9>&-
    deploy_twice 9>&-
    if [ "$mode" = --once ]; then stop_all; fi
    finished=yes
    summary "$mode"
}

# ---- the machine ---------------------------------------------------------------------------------------------------

become_root() {
    [ "$(id -u)" -ne 0 ] || return 0
    sudo -n true 2>/dev/null || fail "this needs root: Docker, packages and a route" "Run: sudo $0 $*"
    exec sudo -n env HOOKSERVER_DEMO_STATE="${HOOKSERVER_DEMO_STATE:-}" NO_COLOR="${NO_COLOR:-}" \
        bash "$ROOT/deploy/demo.sh" "$@"
}

# Nginx's workers run as another user. They must be able to enter every folder above the traffic flags; home folders often
# are closed to them.
choose_state() {
    STATE=${HOOKSERVER_DEMO_STATE:-$ROOT/.state/demo}
    mkdir -p "$STATE"
    STATE=$(cd "$STATE" && pwd -P)
    if ! setpriv --reuid=65534 --regid=65534 --clear-groups test -x "$STATE"; then
        note "Nginx's user cannot enter $STATE: using /var/lib/hookserver-demo"
        STATE=/var/lib/hookserver-demo
        mkdir -p "$STATE"
        chmod 755 "$STATE"
    fi
    VENV=$STATE/venv
    RUN=$STATE/run
    CONFIG=$RUN/hookserver.toml
    REPORT=$RUN/load.json
}

prepare() {
    printf '\n%shookserver%s: a Java shop goes live by a git push, and is updated under load\n\n' "$bold" "$plain"
    say "checking what this machine needs"
    need_commands git:git curl:curl nginx:nginx-light debootstrap:debootstrap ip:iproute2
    need_docker
    need_web_user
    need_environment "$VENV"
    stop_all
    clear_other_demos
    need_last_resort "$SUBNET"
    "$ROOT/deploy/images/make.sh" | sed 's/^/    /' || fail "the base images cannot be made" "The lines above say why."
    note "$("$DOCKER_CLI" --version), $(PATH=$PATH:/usr/sbin nginx -v 2>&1 | sed 's/.*: //'), $("$VENV/bin/python" --version)"
}

# free_port FIRST: the first port from there on that nobody listens on.
free_port() {
    local port=$1
    while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do port=$((port + 1)); done
    echo "$port"
}

# ---- hookserver ----------------------------------------------------------------------------------------------------

start_hookserver() {
    local second api bundle=/etc/ssl/certs/ca-certificates.crt
    say "starting hookserver"
    mkdir -p "$RUN"
    SITE=http://127.0.0.1:$(free_port 8088)
    api=http://127.0.0.1:$(free_port 9000)
    cat >"$CONFIG" <<END
[server]
listen = "${api#http://}"
state_dir = "$RUN/state"

[nginx]
listen = ["${SITE#http://}"]

[docker]
subnet = "$SUBNET"

[apps.$APP]
repository = "push"
domains = ["127.0.0.1", "localhost"]
build.memory = "1g"
release.sessions = "shared"
END
    chgrp hookserver "$CONFIG"
    chmod 640 "$CONFIG"
    [ ! -r "$bundle" ] || echo "build.ca_bundle = \"$bundle\"" >>"$CONFIG"
    hookserver check >/dev/null 2>"$RUN/check.log" || fail "the settings are not valid" "$(cat "$RUN/check.log")"
    setsid nohup "$VENV/bin/hookserver" --config "$CONFIG" up >"$RUN/hookserver.log" 2>&1 </dev/null &
    local pid=$!
    for second in $(seq 300); do
        curl -fs -o "$RUN/ready.json" "$api/readyz" && [ -x "$(repository)/hooks/post-receive" ] && break
        kill -0 "$pid" 2>/dev/null || fail "hookserver does not start" "$(tail -n 20 "$RUN/hookserver.log")"
        [ "$second" -lt 300 ] || fail "hookserver is not ready after 60 s" "$(tail -n 20 "$RUN/hookserver.log")"
        sleep 0.2
    done
    note "settings $CONFIG"
    note "log      $RUN/hookserver.log"
    note "API      $api"
    note "the shop $SITE/ (503 until the first push)"
}

hookserver() { "$VENV/bin/hookserver" --config "$CONFIG" "$@"; }

repository() { echo "$RUN/state/repos/$APP.git"; }

# deploy_says NUMBER EXPRESSION: prints the Python expression about deploy d, whose times are Unix seconds.
deploy_says() {
    hookserver history "$APP" --json | "$VENV/bin/python" -c "import json, sys
from datetime import datetime
d = next(d for d in json.load(sys.stdin) if d['deploy'] == $1)
d |= {key: datetime.fromisoformat(d[key]).timestamp() for key in d if key.endswith('_at') and d[key]}
print($2)"
}

# The newest deploy, and the live one: a poll may be quicker than the push.
newest_deploy() { hookserver history "$APP" --json | "$VENV/bin/python" -c 'import json, sys; print(json.load(sys.stdin)[0]["deploy"])'; }
live_deploy() { hookserver status "$APP" --json | "$VENV/bin/python" -c 'import json, sys; print(json.load(sys.stdin)[0]["live"]["deploy"])'; }

# await_end NUMBER: until the deploy is live and the requests to the previous release have ended.
await_end() {
    local second ended
    for second in $(seq 240); do
        ended=$(deploy_says "$1" "d['ended_at'] is not None")
        [ "$ended" = False ] || break
        sleep 0.5
    done
    [ "$(deploy_says "$1" "d['live_at'] is not None and d['status'] != 'failed'")" = True ] ||
        fail "deploy $1 did not go live in $((second / 2)) s" \
            "$(deploy_says "$1" "d['status'] + ': ' + (d['reason'] or '')")" "hookserver's log: $STATE/last.log"
}

# ---- the story -----------------------------------------------------------------------------------------------------

deploy_twice() {
    local seconds second deploy first
    say "first push: version $FIRST"
    cp -r "$ROOT/deploy/sample" "$RUN/shop"
    shop_git init -q -b main
    shop_git remote add hookserver "$(repository)"
    push "$FIRST"
    first=$deploy
    FIRST_SECONDS=$seconds

    say "starting visitors"
    note "12 kept-alive connections, 10 new visitors a second, 2 slow uploads; GET and POST"
    "$VENV/bin/python" "$ROOT/deploy/load.py" "$SITE" "${VISITORS[@]}" --seconds 900 --report "$REPORT" --progress \
        >"$RUN/load.log" 2>&1 </dev/null &
    load=$!
    for second in $(seq 30); do
        sleep 1
        if so_far | awk '$3 > 500 { warm = 1 } END { exit !warm }'; then break; fi
    done
    note "$(so_far), in $second s"

    say "second push: version $SECOND, under load"
    push "$SECOND"
    SECOND_SECONDS=$seconds
    await_end "$deploy"
    note "the old version is the standby: no request to it is in flight"
    note "$(so_far)"

    say "rolling back to $FIRST, the standby, and forward again"
    switch_to "$first"
    BACK_SECONDS=$seconds
    switch_to "$deploy"
    end_load
}

shop_git() { env -u GIT_DIR -u GIT_WORK_TREE git -C "$RUN/shop" -c user.name=demo -c user.email=demo@localhost "$@"; }

# push VERSION: pushes it; sets `deploy` to its deploy, and `seconds` to the time from the push to live.
push() {
    local began
    sed -i "s,<shop.version>.*</shop.version>,<shop.version>$1</shop.version>," "$RUN/shop/pom.xml"
    shop_git add -A
    shop_git commit -q -m "Version $1"
    note "$dim\$ git push hookserver main$plain"
    began=$(date +%s.%N)
    shop_git push hookserver main
    deploy=$(newest_deploy)
    [ "$(deploy_says "$deploy" "d['status']")" = live ] || await_end "$deploy"
    [ "$(serving)" = "$1" ] || fail "version $(serving) is live, not $1" "Read $RUN/hookserver.log."
    deploy=$(live_deploy)
    seconds=$(deploy_says "$deploy" "f\"{d['live_at'] - $began:.1f}\"")
    note "${green}live$plain $seconds s after the push: $SITE/ is version $1"
}

# switch_to DEPLOY: by a rollback, which is a deploy of its own; sets `seconds`.
switch_to() {
    local rollback
    note "$dim\$ hookserver rollback $APP --to $1$plain"
    hookserver rollback "$APP" --to "$1" >"$RUN/rollback.log" 2>&1 ||
        fail "the rollback failed" "$(cat "$RUN/rollback.log")"
    rollback=$(newest_deploy)
    seconds=$(deploy_says "$rollback" "f\"{d['live_at'] - d['queued_at']:.2f}\"")
    note "${green}live$plain after $seconds s: version $(serving)"
    await_end "$rollback"
}

serving() { curl -fs "$SITE/health" | sed -n 's/.*"version": *"\([^"]*\)".*/\1/p'; }

so_far() { tail -n 1 "$RUN/load.log" | sed 's,.*/s *,so far: ,'; }

end_load() {
    kill -TERM "$load"
    wait "$load" || true
    [ -s "$REPORT" ] || fail "the load wrote no report" "$(tail -n 5 "$RUN/load.log")"
    REQUESTS=$(report_says "f\"{r['requests']:,}\"")
    FAILED=$(report_says "r['failed']")
    FAILURES=$(report_says "'\n'.join(f\"{f['kind']} {f['asked']}: {f['what']}\" for f in r['failures'])")
}

report_says() { "$VENV/bin/python" -c "import json; r = json.load(open('$REPORT')); print($1)"; }

summary() {
    local verdict=$green
    [ "$FAILED" = 0 ] || verdict=$red
    printf '\n%s' "$bold"
    printf '    %-16s' "push to live"
    printf '%sfirst %s s, second %s s (both build the project with Maven)\n' "$plain" "$FIRST_SECONDS" "$SECOND_SECONDS"
    printf '    %s%-16s%s%s s from the request to live\n' "$bold" rollback "$plain" "$BACK_SECONDS"
    printf '    %s%-16s%s%s, while the version changed three times\n' "$bold" "requests sent" "$plain" "$REQUESTS"
    printf '    %sfailed: %s%s\n' "$verdict" "$FAILED" "$plain"
    [ -z "$FAILURES" ] || printf '%s\n' "$FAILURES" | sed 's/^/      /'
    if [ "$1" = --once ]; then
        printf '\n    Everything is stopped and removed; images and caches stay.\n\n'
    else
        printf '\n    Open          %s%s/%s\n' "$bold" "$SITE" "$plain"
        printf '    Change it     cd %s; edit, commit, git push hookserver main\n' "$RUN/shop"
        printf '    What is live  %s --config %s status\n' "$VENV/bin/hookserver" "$CONFIG"
        printf '    Stop it       %s --stop\n\n' "$ROOT/deploy/demo.sh"
    fi
    [ "$FAILED" = 0 ]
}

# ---- the end -------------------------------------------------------------------------------------------------------

finished=''
on_exit() {
    trap - EXIT INT TERM HUP
    if [ -z "$finished" ]; then
        say "stopping everything (hookserver's log: $STATE/last.log)"
        cp "$RUN/hookserver.log" "$STATE/last.log" 2>/dev/null || true
        stop_all
    fi
    exit "$1"
}

# Stops and removes everything that any run of this script has started, however that run ended.
stop_all() {
    local route=("$SUBNET" metric 4278198272)
    end_processes "$REPORT" 5
    end_processes "$CONFIG" 40
    stop_nginx
    if docker_answers; then remove_containers "$RUN/state"; fi
    unmount_journal "$RUN/state"
    if ip route show type unreachable 2>/dev/null | grep -qF "$SUBNET"; then ip route del unreachable "${route[@]}"; fi
    rm -rf "$RUN"
}

stop_nginx() {
    if [ -d "$RUN/state/nginx" ] && [ -x "$VENV/bin/python" ]; then
        "$VENV/bin/python" - "$CONFIG" <<'END'
import sys
from pathlib import Path

from hookserver.config import load
from hookserver.nginx import Nginx

Nginx(load(Path(sys.argv[1])).settings).stop()
END
    fi
}

# remove_containers STATE_DIR: removes the containers and networks of the hookserver with this state_dir.
remove_containers() {
    ours "$1" ps --all | xargs --no-run-if-empty "$DOCKER_CLI" rm --force --volumes >/dev/null
    ours "$1" network ls | xargs --no-run-if-empty "$DOCKER_CLI" network rm >/dev/null
}

# unmount_journal STATE_DIR: hookserver leaves the request journal mounted, for Nginx and the replicas.
unmount_journal() {
    while mountpoint --quiet "$1/request-journal"; do umount --lazy "$1/request-journal"; done
}

# A demo of another checkout has the same names and the same subnet. Remove what is left of one that does not run.
clear_other_demos() {
    local other
    for other in $(
        {
            state_dirs ps --all --filter "label=hookserver.app=$APP"
            state_dirs network ls --filter "name=$NETWORKS"
        } | sort -u
    ); do
        [ -z "$(processes_with "${other%/state}/hookserver.toml")" ] ||
            fail "the hookserver of $other uses the names or the network that this demo needs" \
                "Stop it. For a demo, run in its checkout: deploy/demo.sh --stop"
        [[ $other == */run/state ]] || [ ! -e "$other" ] ||
            fail "containers of $other use the names or the network that this demo needs, and are not a demo's" \
                "Remove these containers and their network if nobody needs them."
        note "removing what another demo has left: $other"
        remove_containers "$other"
        unmount_journal "$other"
        # Nginx's workers outlive a killed master, and only their open files say which Nginx they belong to.
        find /proc/[0-9]*/fd -lname "$other/nginx/*" 2>/dev/null | cut -d / -f 3 | sort -u |
            xargs --no-run-if-empty kill -QUIT
    done
}

state_dirs() { "$DOCKER_CLI" "$@" --format '{{.Label "hookserver.state_dir"}}'; }

ours() { "$DOCKER_CLI" "${@:2}" --quiet --filter "label=hookserver.state_dir=$1"; }

# end_processes ARGUMENT SECONDS: ends the processes that have exactly this argument: SIGTERM, after SECONDS SIGKILL.
end_processes() {
    local pids pid tries=0
    while pids=$(processes_with "$1") && [ -n "$pids" ]; do
        for pid in $pids; do
            kill "-$([ $tries -lt $(($2 * 5)) ] && echo TERM || echo KILL)" "$pid" 2>/dev/null || true
        done
        tries=$((tries + 1))
        sleep 0.2
    done
}

processes_with() {
    local cmdline pid
    for cmdline in /proc/[0-9]*/cmdline; do
        pid=${cmdline#/proc/}
        pid=${pid%/cmdline}
        [ "$pid" = $$ ] || ! { tr '\0' '\n' <"$cmdline" | grep -qxF -- "$1"; } 2>/dev/null || echo "$pid"
    done
}

main "$@"
