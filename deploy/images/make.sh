#!/usr/bin/env bash
#
# Makes the base images that hookserver's apps are built and run on, on a Debian or Ubuntu machine that cannot reach an image
# registry. If it can, the official image is pulled, and nothing is made.
#
#   sudo deploy/images/make.sh                        tomcat:10.1-jdk17-temurin and maven:3.9-eclipse-temurin-17
#   sudo deploy/images/make.sh IMAGE...               tomcat:<line>-jdk<java>…, maven:<line>-eclipse-temurin-<java>,
#                                                     gradle:4.4-jdk<java>, ant:1.10-jdk<java>
#
#   --jdk N           the Java version where the image's name does not say one (default 17)
#   --ca-bundle FILE  certificates that Maven trusts while it fetches Tomcat and Maven (default: the host's own bundle).
#                     They are used in a throw-away container only and are in none of the images made
#   --settings FILE   Maven settings for that, such as a company's mirror (default: ~/.m2/settings.xml, if there)
#   --mirror URL      the Debian or Ubuntu mirror (default: the one in this host's apt sources)
#   --no-pull         do not ask the registry
#
# Tomcat lines: 7.0 8.5 9.0 10.1 11.0; Java: 8 11 17 21 25. A full version (tomcat:10.1.49-jdk17) is taken as it is.
# Gradle and Ant are the distribution's own packages, whose Gradle is 4.4 and runs on Java 17 or older.
#
# An image that exists is left as it is. The layout is the official images': /usr/local/tomcat with an empty webapps (the
# defaults are in webapps.dist), /usr/share/maven, /opt/gradle, /opt/java/openjdk. The system is made by debootstrap from the host's own
# suite, or from Debian sid for a Java version that the suite lacks; Java comes from the distribution's packages, Tomcat and
# Maven from what Apache publishes on Maven Central, fetched by Maven itself. An image gets its name when it is complete and
# its program has answered, so a killed run leaves nothing half-made, and the next one clears what the killed one left.
#
# The images hookserver/base:* stay between runs, so that the next image is made faster. To remove them:
#   docker rmi $(docker images -q hookserver/base)
set -euo pipefail

DEBIAN_STABLE=bookworm          # the suite where the host's own is unknown, or a Debian older than this
DEPENDENCY_PLUGIN=3.6.1
WORK=/var/tmp/hookserver-images # taken under a lock, and cleared by the process that gets it
BUILDING=hookserver-images-building
FETCHING=hookserver-images-fetching
PULL_PATIENCE=10

ca_bundle=/etc/ssl/certs/ca-certificates.crt
settings=${HOME:-/root}/.m2/settings.xml
mirror=
java_default=17
pull=yes

die() {
    printf '\nmake.sh: %s\n' "$1" >&2
    [ $# -lt 2 ] || printf '         %s\n' "${@:2}" >&2
    exit 1
}

say() { printf '%s\n' "$*"; }

# step TEXT COMMAND...: runs it, says how long it took; on failure shows the end of what it printed, and ends.
step() {
    local text=$1 began=$SECONDS status
    shift
    printf '  %-58s ' "$text"
    # Not as the condition of an "if": there the shell would go on after a failure inside a function.
    set +e
    (
        set -e
        "$@"
    ) >"$WORK/log" 2>&1 </dev/null
    status=$?
    set -e
    if [ "$status" = 0 ]; then
        printf '%3d s\n' $((SECONDS - began))
        return
    fi
    printf 'FAILED after %d s\n\n' $((SECONDS - began))
    tail -n 30 "$WORK/log" | sed 's/^/    | /'
    die "could not: $text" "$(remedy)" "No image was named half-made: run this again once the cause is gone."
}

# What helps against the commonest causes, by what the failed step printed.
remedy() {
    if grep -q 'PKIX path building failed' "$WORK/log"; then
        echo "An HTTPS proxy's certificate is not trusted: give its CA with --ca-bundle FILE."
    elif grep -qE "Failed getting release|Couldn't download|Could not (resolve|connect)|Temporary failure|Unknown host|UnknownHost|timed out" "$WORK/log"; then
        echo "The network: is there a proxy (http_proxy), a mirror for the system (--mirror) or for Maven (--settings)?"
    elif grep -q 'Could not find artifact' "$WORK/log"; then
        echo "This version was never published, or the mirror lacks it."
    else
        echo "What it printed last is above."
    fi
}

# ---- what is wanted ------------------------------------------------------------------------------------------------

# Sets kind, version and java from an image's name.
parse() {
    local image=$1
    if [[ $image =~ ^(tomcat|maven|gradle|ant):([0-9]+(\.[0-9]+)*)(-.*)?$ ]]; then
        kind=${BASH_REMATCH[1]}
        local line=${BASH_REMATCH[2]} rest=${BASH_REMATCH[4]}
    else
        die "$image: not a name this script can make an image for" \
            "It makes tomcat:<line>-jdk<java>…, maven:<line>-eclipse-temurin-<java>, gradle:4.4-jdk<java> and ant:1.10-jdk<java>."
    fi
    java=$java_default
    if [[ $rest =~ (jdk|temurin-|openjdk-)([0-9]+) ]]; then java=${BASH_REMATCH[2]}; fi
    case $java in
        8 | 11 | 17 | 21 | 25) ;;
        *) die "$image: Java $java is not packaged" "Choose 8, 11, 17, 21 or 25." ;;
    esac
    case $kind:$line in
        tomcat:7 | tomcat:7.0) version=7.0.109 ;;
        tomcat:8 | tomcat:8.5) version=8.5.100 ;;
        tomcat:9 | tomcat:9.0) version=9.0.100 ;;
        tomcat:10 | tomcat:10.1) version=10.1.49 ;;
        tomcat:11 | tomcat:11.0) version=11.0.13 ;;
        maven:3 | maven:3.9) version=3.9.11 ;;
        gradle:4 | gradle:4.4) version=4.4 ;;
        ant:1 | ant:1.10) version=1.10 ;;
        gradle:*) die "$image: Gradle $line is in no package" "gradle:4.4-jdk17 can be made; a newer one comes from a registry." ;;
        ant:*) die "$image: Ant $line is in no package" "ant:1.10-jdk17 can be made." ;;
        *.*.*) version=$line ;;
        *) die "$image: no $kind version is known for the line $line" "Name a full version, such as tomcat:10.1.49-jdk17." ;;
    esac
    if [ "$kind" = tomcat ]; then
        local needs=8
        case $version in 10.*) needs=11 ;; 11.*) needs=17 ;; esac
        [ "$java" -ge "$needs" ] || die "$image: Tomcat $version needs Java $needs or newer"
    fi
    if [ "$kind" = gradle ] && [ "$java" -gt 17 ]; then
        die "$image: Gradle $version does not run on Java $java" "gradle:4.4-jdk17 can be made; a newer one comes from a registry."
    fi
}

usage() { sed -n '3,/^set/{/^#/s/^# \{0,1\}//p}' "$0"; }

images=()
while [ $# -gt 0 ]; do
    case $1 in
        --jdk | --ca-bundle | --settings | --mirror)
            [ $# -ge 2 ] || die "$1 needs a value" "See make.sh --help."
            case $1 in
                --jdk) java_default=$2 ;;
                --ca-bundle) ca_bundle=$2 ;;
                --settings) settings=$2 ;;
                --mirror) mirror=${2%/} ;;
            esac
            case $1 in
                --ca-bundle | --settings) [ -r "$2" ] || die "$1 $2: no such file, or it cannot be read" ;;
            esac
            shift
            ;;
        --no-pull) pull=no ;;
        -h | --help)
            usage
            exit
            ;;
        -*) die "$1: no such option" "See make.sh --help." ;;
        *) images+=("$1") ;;
    esac
    shift
done
[ ${#images[@]} -gt 0 ] || images=(tomcat:10.1-jdk17-temurin maven:3.9-eclipse-temurin-17)
for image in "${images[@]}"; do parse "$image"; done

# ---- what is there -------------------------------------------------------------------------------------------------

docker version >/dev/null 2>&1 ||
    die "the Docker engine does not answer" "Start it (systemctl start docker), or run this as root: $(docker version 2>&1 | tail -n 1)"

exists() { docker image inspect "$1" >/dev/null 2>&1; }

missing=()
for image in "${images[@]}"; do
    if exists "$image"; then say "$image is there already: left as it is"; else missing+=("$image"); fi
done
[ ${#missing[@]} -gt 0 ] || exit 0

[ "$(id -u)" = 0 ] || die "making an image needs root, for debootstrap" "Run it with sudo."

mkdir -p /run/lock  # a container whose /run is empty has none
exec 9>/run/lock/hookserver-images
flock -n 9 || { say "waiting for another make.sh to end"; flock 9; }

clear_work() {
    docker rm -f "$BUILDING" "$FETCHING" >/dev/null 2>&1 || true
    rm -rf --one-file-system "$WORK"
}
trap clear_work EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
clear_work
mkdir "$WORK"

# ---- the registry --------------------------------------------------------------------------------------------------

# Asks the registry for an image. A registry that has said nothing useful after PULL_PATIENCE seconds is not asked again; one
# that has begun to send is waited for.
try_pull() {
    local image=$1 asked=$SECONDS pid
    docker pull "$image" >"$WORK/pull" 2>&1 </dev/null &
    pid=$!
    while kill -0 "$pid" 2>/dev/null; do
        if grep -q 'Pulling from' "$WORK/pull"; then
            say "$image: the registry has it, pulling"
            break
        fi
        if [ $((SECONDS - asked)) -ge "$PULL_PATIENCE" ]; then
            kill "$pid"
            echo "no answer within $PULL_PATIENCE s" >"$WORK/pull"
            break
        fi
        sleep 0.2
    done
    if wait "$pid"; then
        say "$image: pulled"
        return 0
    fi
    say "$image cannot be pulled: $(tail -n 1 "$WORK/pull")"
    if ! grep -qiE 'manifest unknown|not found|denied' "$WORK/pull"; then
        say "The registry is not asked again; what is missing is made here."
        pull=no
    fi
    return 1
}

# ---- the system ----------------------------------------------------------------------------------------------------

# Sets distribution, suite, components, mirror and security from the host, for the base images.
read_host() {
    local codename from_apt
    # shellcheck source=/dev/null
    codename=$(. /etc/os-release && echo "${UBUNTU_CODENAME:-${VERSION_CODENAME:-}} ${ID:-} ${VERSION_ID:-99}")
    read -r suite distribution os_version <<<"$codename"
    case $distribution in
        ubuntu) ;;
        debian) [ "${os_version%%.*}" -ge 12 ] || suite=$DEBIAN_STABLE ;;
        *)
            if grep -qs '^UBUNTU_CODENAME=' /etc/os-release; then distribution=ubuntu; else
                distribution=debian
                suite=$DEBIAN_STABLE
            fi
            ;;
    esac
    # "<address> <suite>" of each of the host's sources. The distribution's own mirror is the one that has -updates too.
    from_apt=$(apt-get --print-uris update 2>/dev/null |
        sed -nE "s,^'(https?://[^']*)/dists/([^/']+)/InRelease'.*,\1 \2,p") || true
    [ -n "$mirror" ] || mirror=$(awk -v s="$suite-updates" '$2 == s { print $1; exit }' <<<"$from_apt")
    security=$(awk -v s="$suite-security" '$2 == s { print $1; exit }' <<<"$from_apt")
    components=main
    debian_mirror=$mirror
    if [ "$distribution" = ubuntu ]; then
        components="main universe"
        debian_mirror=
    fi
    # A proxy of this host's apt or environment serves debootstrap and the containers too.
    proxy=${http_proxy:-$(apt-config shell P Acquire::http::Proxy 2>/dev/null | sed -n "s/^P='\(.*\)'$/\1/p")}
    say "Making images from $distribution $suite, ${mirror:-the mirror debootstrap knows}${proxy:+, through $proxy}"
}

# The files that every container here gets, in memory, under /mnt: nothing of them is in an image made from it.
host_files() {
    mkdir -p "$WORK/mnt/ca"
    {
        [ -z "$proxy" ] || echo "Acquire::http::Proxy \"$proxy\";"
        [ ! -r "$ca_bundle" ] || echo 'Acquire::https::CaInfo "/mnt/ca.pem";'
        echo 'Acquire::Retries "3";'
    } >"$WORK/mnt/apt.conf"
    if [ -r "$ca_bundle" ]; then
        cp "$ca_bundle" "$WORK/mnt/ca.pem"
        awk -v dir="$WORK/mnt/ca" '/-----BEGIN CERTIFICATE-----/ { n++; inside = 1 }
            inside { print > (dir "/host-" n ".crt") }
            /-----END CERTIFICATE-----/ { inside = 0; close(dir "/host-" n ".crt") }' "$ca_bundle"
    fi
    if [ -r "$settings" ]; then cp "$settings" "$WORK/mnt/settings.xml"; else echo '<settings/>' >"$WORK/mnt/settings.xml"; fi
}

# start NAME IMAGE: a container that waits for commands.
start() {
    docker rm -f "$1" >/dev/null 2>&1 || true
    docker run -d --name "$1" --tmpfs /mnt "$2" sleep infinity ||
        die "the Docker Engine does not run a container of $2" "What it said is above; docker run --rm $2 true should work."
    tar -C "$WORK/mnt" -c . | docker exec -i "$1" tar -x -C /mnt --no-same-owner
}

# inside NAME COMMANDS: runs shell commands in it; apt asks nothing and trusts what the host trusts.
inside() {
    docker exec -e DEBIAN_FRONTEND=noninteractive -e APT_CONFIG=/mnt/apt.conf \
        -e http_proxy="$proxy" -e https_proxy="${https_proxy:-}" -e no_proxy="${no_proxy:-}" \
        "$1" sh -euc "$2"
}

# A frozen mirror's Release file is past its validity: its signature still holds, so it is used, the second time.
APT_UPDATE='apt-get update || apt-get -o Acquire::Check-Valid-Until=false update'

install() {
    inside "$1" "$APT_UPDATE; apt-get install -y --no-install-recommends $2
                 rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin /var/cache/apt/archives/*.deb /var/log/apt/* /var/log/*.log"
}

# commit NAME IMAGE [CHANGE...]: the container as an image, under that name.
commit() {
    local name=$1 image=$2 changes=() change
    for change in "${@:3}"; do changes+=(--change "$change"); done
    docker commit "${changes[@]}" "$name" "$image"
    docker rm -f "$name"
}

# bootstrap SUITE MIRROR COMPONENTS: no mirror said means debootstrap's own choice.
bootstrap() {
    local of=$1 from=$2 parts=$3 root=$WORK/root found
    rm -rf --one-file-system "$root"
    # In a mount namespace of its own: what debootstrap mounts goes away with it, however it ends.
    http_proxy=$proxy unshare --mount debootstrap --variant=minbase --force-check-gpg \
        --components="${parts// /,}" "$of" "$root" ${from:+"$from"}
    from=$(awk '$1 == "deb" { print $2; exit }' "$root/etc/apt/sources.list")
    if [ -z "$security" ]; then
        case $distribution:$from in
            ubuntu:*) security=$from ;;
            debian:*/debian) security=$from-security ;;
        esac
    fi
    {
        echo "deb $from $of $parts"
        if [ "$of" != sid ]; then
            echo "deb $from $of-updates $parts"
            [ -z "$security" ] || echo "deb $security $of-security $parts"
        fi
    } >"$root/etc/apt/sources.list"
    echo force-unsafe-io >"$root/etc/dpkg/dpkg.cfg.d/no-fsync"
    found=$(tar -C "$root" --numeric-owner --one-file-system --exclude='./var/cache/apt/archives/*.deb' \
        --exclude='./var/lib/apt/lists/*' --exclude='./var/log/*' --exclude='./dev/*' \
        --exclude=./etc/hostname --exclude=./etc/resolv.conf -c . |
        docker import --change 'ENV LANG=C.UTF-8' --change 'CMD ["bash"]' -)
    docker tag "$found" "hookserver/base:$of"
    rm -rf --one-file-system "$root"
}

# Makes hookserver/base:<suite> unless it is there.
need_base() {
    exists "hookserver/base:$1" && return
    command -v debootstrap >/dev/null ||
        die "debootstrap is not installed" "Install it: apt-get install debootstrap"
    if [ "$distribution" = ubuntu ] && [ "$1" = sid ] && [ ! -e /usr/share/keyrings/debian-archive-keyring.gpg ]; then
        die "Java $java comes from Debian sid, whose keys are not on this Ubuntu" \
            "Install them: apt-get install debian-archive-keyring"
    fi
    if [ "$1" = sid ] && [ "$suite" != sid ]; then
        step "system: debian sid" bootstrap sid "$debian_mirror" main
    else
        step "system: $distribution $1" bootstrap "$1" "$mirror" "$components"
    fi
}

# Makes hookserver/base:<suite>-jdk<java> unless it is there, from the host's suite or else from sid; sets base to its name.
need_java() {
    local of
    for of in "$suite" sid; do
        base=hookserver/base:$of-jdk$java
        exists "$base" && return
    done
    for of in "$suite" sid; do
        base=hookserver/base:$of-jdk$java
        need_base "$of"
        start "$BUILDING" "hookserver/base:$of" >/dev/null
        step "package lists: $of" inside "$BUILDING" "$APT_UPDATE"
        if inside "$BUILDING" "apt-cache show openjdk-$java-jdk-headless" >/dev/null 2>&1; then
            step "Java $java" install_java
            step "image $base" commit "$BUILDING" "$base" \
                'ENV JAVA_HOME=/opt/java/openjdk' \
                'ENV PATH=/opt/java/openjdk/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
                'CMD ["bash"]'
            return
        fi
        say "  $of has no Java $java"
    done
    die "neither $suite nor sid has openjdk-$java-jdk-headless" "Choose another Java version."
}

# fontconfig, FreeType and one font are what headless AWT needs (captchas, reports, thumbnails).
install_java() {
    install "$BUILDING" "ca-certificates openjdk-$java-jdk-headless fontconfig libfreetype6 fonts-dejavu-core"
    # shellcheck disable=SC2016 # expanded in the container
    inside "$BUILDING" 'mkdir -p /opt/java
        ln -s "$(dirname "$(dirname "$(readlink -f /usr/bin/javac)")")" /opt/java/openjdk
        /opt/java/openjdk/bin/java -version'
}

# ---- Tomcat and Maven ----------------------------------------------------------------------------------------------

# A throw-away container with the distribution's Maven, which trusts what the host trusts.
need_fetcher() {
    [ -z "$(docker ps -q --filter "name=^$FETCHING\$")" ] || return 0
    local image=hookserver/base:$suite-maven
    if ! exists "$image"; then
        need_base "$suite"
        start "$BUILDING" "hookserver/base:$suite" >/dev/null
        step "a Maven to fetch with" install "$BUILDING" "ca-certificates maven"
        step "image $image" commit "$BUILDING" "$image" 'CMD ["bash"]'
    fi
    start "$FETCHING" "$image" >/dev/null
    if [ -r "$ca_bundle" ]; then
        step "its truststore, from $ca_bundle" inside "$FETCHING" \
            'cp /mnt/ca/*.crt /usr/local/share/ca-certificates/; update-ca-certificates'
    fi
}

# unpack COORDINATES FILE DIRECTORY: fetches what Maven Central has, and unpacks it into the container being built.
unpack() {
    local through=''
    if [ -n "$proxy" ]; then
        local address=${proxy#*://}
        address=${address%%/*}
        through="-Dhttps.proxyHost=${address%:*} -Dhttps.proxyPort=${address##*:} -Dhttp.proxyHost=${address%:*} -Dhttp.proxyPort=${address##*:}"
    fi
    inside "$FETCHING" "mvn -B -q -C -Dstyle.color=never -s /mnt/settings.xml $through \
        org.apache.maven.plugins:maven-dependency-plugin:$DEPENDENCY_PLUGIN:copy -Dartifact=$1 -DoutputDirectory=/root/fetched"
    inside "$BUILDING" "mkdir -p $3"
    docker exec "$FETCHING" cat "/root/fetched/$2" |
        docker exec -i "$BUILDING" tar -xz -C "$3" --strip-components=1 --no-same-owner
}

make_tomcat() {
    step "Tomcat $version" unpack "org.apache.tomcat:tomcat:$version:tar.gz" "tomcat-$version.tar.gz" /usr/local/tomcat
    step "layout" inside "$BUILDING" 'cd /usr/local/tomcat
        mv webapps webapps.dist; mkdir webapps
        rm -f bin/*.bat bin/*.exe; chmod +x bin/*.sh; chmod -R +rX .; chmod 1777 logs temp work'
    step "does it answer?" inside "$BUILDING" \
        "JAVA_HOME=/opt/java/openjdk /usr/local/tomcat/bin/catalina.sh version | grep -F 'Tomcat/$version'"
    step "image $1" commit "$BUILDING" "$1" \
        'ENV CATALINA_HOME=/usr/local/tomcat' \
        'ENV PATH=/usr/local/tomcat/bin:/opt/java/openjdk/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
        "ENV TOMCAT_VERSION=$version" \
        'WORKDIR /usr/local/tomcat' \
        'EXPOSE 8080' \
        'CMD ["catalina.sh", "run"]'
}

make_maven() {
    step "tools: curl, git, unzip" install "$BUILDING" "curl git unzip"
    step "Maven $version" unpack "org.apache.maven:apache-maven:$version:tar.gz:bin" "apache-maven-$version-bin.tar.gz" /usr/share/maven
    step "does it answer?" inside "$BUILDING" \
        "ln -s /usr/share/maven/bin/mvn /usr/bin/mvn; JAVA_HOME=/opt/java/openjdk mvn -B -v | grep -F 'Apache Maven $version'"
    step "image $1" commit "$BUILDING" "$1" \
        'ENV MAVEN_HOME=/usr/share/maven' \
        'WORKDIR /' \
        'CMD ["mvn"]'
}

make_gradle() {
    step "Gradle $version, git, unzip" install "$BUILDING" "gradle git unzip"
    step "does it answer?" inside "$BUILDING" \
        "ln -s /usr/share/gradle /opt/gradle; JAVA_HOME=/opt/java/openjdk gradle --version | grep -F 'Gradle $version'; rm -rf /root/.gradle"
    step "image $1" commit "$BUILDING" "$1" \
        'ENV GRADLE_HOME=/opt/gradle' \
        'WORKDIR /' \
        'CMD ["gradle"]'
}

make_ant() {
    step "Ant $version, git, unzip" install "$BUILDING" "ant ant-optional ivy git unzip"
    step "does it answer?" inside "$BUILDING" \
        "ln -s /usr/share/java/ivy.jar /usr/share/ant/lib/ivy.jar; JAVA_HOME=/opt/java/openjdk ant -version | grep -F 'version $version.'"
    step "image $1" commit "$BUILDING" "$1" \
        'ENV ANT_HOME=/usr/share/ant' \
        'WORKDIR /' \
        'CMD ["ant"]'
}

# ---- all of it -----------------------------------------------------------------------------------------------------

prepared=no
for image in "${missing[@]}"; do
    exists "$image" && continue # named twice, or made by the run waited for
    if [ "$pull" = yes ] && try_pull "$image"; then continue; fi
    if [ "$prepared" = no ]; then
        read_host
        host_files
        prepared=yes
    fi
    began=$SECONDS
    parse "$image"
    say "$image: $kind $version on Java $java"
    case $version-$java in
        7.*-17 | 7.*-2? | 8.5.*-17 | 8.5.*-2?)
            say "  NOTE: the JSP compiler of Tomcat $version cannot read Java $java's classes; Java 8 or 11 suits it" ;;
    esac
    case $kind in tomcat | maven) need_fetcher ;; esac
    need_java
    start "$BUILDING" "$base" >/dev/null
    "make_$kind" "$image"
    say "$image: made in $((SECONDS - began)) s"
done
