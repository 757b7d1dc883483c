#!/usr/bin/env bash
# Runs the tests, and installs what they need (Debian, Ubuntu; root or sudo).
#
#   ./tests/run.sh                     static checks and all tests
#   ./tests/run.sh unit                static checks and the tests that need no Docker
#   ./tests/run.sh integration         the tests with real Docker, Nginx, Tomcat and git
#   ./tests/run.sh faults              the tests that kill, fill and flood
#   ./tests/run.sh bench NAME          one measurement of tests/bench; it ends with 1 when its bar is not met
#
# Further arguments go to pytest, or to the bench.
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$ROOT"
# shellcheck source=deploy/machine.sh
. deploy/machine.sh

STATE=${HOOKSERVER_TEST_STATE:-$ROOT/.state/tests}
VENV=$STATE/venv
SUBNETS=(172.30.112.0/20 172.30.176.0/20 172.30.208.0/20 172.30.240.0/20)

static_checks() {
    say "static checks"
    "$VENV/bin/ruff" check .
    "$VENV/bin/ruff" format --check .
    "$VENV/bin/mypy"
    "$VENV/bin/lint-imports"
    shellcheck deploy/*.sh deploy/images/*.sh tests/run.sh tests/shop/*.sh hooks/post-receive .ci/run
}

need_real_parts() {
    need_commands nginx:nginx-light wrk:wrk webhook:webhook systemd-analyze:systemd strace:strace debootstrap:debootstrap \
        ss:iproute2 javac:default-jdk-headless sshd:openssh-server
    need_docker
    local subnet
    for subnet in "${SUBNETS[@]}"; do need_last_resort "$subnet"; done
    as_root deploy/images/make.sh tomcat:7.0-jdk8-temurin tomcat:8.5-jdk8-temurin tomcat:9.0-jdk17-temurin \
        tomcat:10.1-jdk17-temurin tomcat:11.0-jdk21-temurin maven:3.9-eclipse-temurin-17 \
        gradle:4.4-jdk17 ant:1.10-jdk17
}

run_pytest() { as_root env PYTHONUNBUFFERED=1 "$VENV/bin/python" -m pytest "$@"; }

# The benches are the modules that can be run.
benches() { grep -l '^if __name__ == "__main__"' tests/bench/*.py | sed 's,.*/,,; s,\.py$,,' | paste -sd ' '; }

main() {
    case ${1:-all} in
    -h | --help) sed -n '2,10s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" && exit ;;
    unit | integration | faults | all) ;;
    bench) [[ -n ${2:-} && " $(benches) " == *" $2 "* ]] || fail "unknown bench: ${2:-}" "One of: $(benches)." ;;
    *) fail "unknown part: $1" "One of: unit, integration, faults, bench NAME; none for everything." ;;
    esac
    need_commands git:git curl:curl shellcheck:shellcheck
    need_web_user
    mkdir -p "$STATE"
    need_environment "$VENV" test
    case "${1:-all}" in
    unit)
        static_checks
        run_pytest tests/unit "${@:2}"
        ;;
    integration | faults)
        need_real_parts
        run_pytest "tests/$1" "${@:2}"
        ;;
    bench)
        need_real_parts
        as_root env PYTHONUNBUFFERED=1 "$VENV/bin/python" -m "tests.bench.$2" "${@:3}"
        ;;
    all)
        static_checks
        need_real_parts
        # A test mostly waits, so two run at a time, the long ones first. The faults affect the whole machine: one by one.
        run_pytest --numprocesses 2 --dist loadgroup tests/integration tests/unit
        run_pytest tests/faults
        ;;
    esac
}

main "$@"
