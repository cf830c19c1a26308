# shellcheck shell=bash
# Sourced by scripts/container-test: a container engine of our own, in folders of our own, for as long as the test runs.

# The engine's images and build cache stay here between runs, so that the second run is fast.
CACHE="$PWD/${CARGO_TARGET_DIR:-target}/containers"
[[ "${CARGO_TARGET_DIR:-}" == /* ]] && CACHE="$CARGO_TARGET_DIR/containers"

# skip WHY: report SKIP and exit. Where containers are required, that is a failure.
skip() {
    printf '\n=== SKIP containers: %s\n' "$1"
    [[ "${PROTECTOR_REQUIRE_CONTAINERS:-}" == 1 ]] || exit 0
    echo "PROTECTOR_REQUIRE_CONTAINERS=1: a skip is a failure" >&2
    exit 1
}

# The programs that are needed. Missing ones are installed, if this is Debian or a derivative.
install_engine() {
    local missing=()
    command -v dockerd > /dev/null || missing+=(docker.io)
    command -v debootstrap > /dev/null || missing+=(debootstrap)
    ((${#missing[@]})) || return 0
    command -v apt-get > /dev/null || skip "${missing[*]} missing, and there is no apt-get to install it"
    echo "installing ${missing[*]}"
    { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"; } \
        > "$STATE/apt.log" 2>&1 || skip "apt-get cannot install ${missing[*]}: $(tail -n 1 "$STATE/apt.log")"
}

# The client that is as old as the engine, if Debian's package brings one: a newer one cannot use its BuildKit.
find_client() {
    DOCKER="$(dpkg -L docker.io 2> /dev/null | grep -x '.*/bin/docker' || command -v docker)" \
        || skip "there is an engine but no docker client"
    export DOCKER DOCKER_BUILDKIT=1
    local major
    major="$("$DOCKER" --version | sed 's/[^0-9]*\([0-9]*\).*/\1/')"
    ((major < 23)) || "$DOCKER" buildx version > /dev/null 2>&1 || DOCKER_BUILDKIT=0
}

# Without a bridge and without packet filter rules: everything runs in host network mode, and nothing is left behind.
start_engine() {
    export DOCKER_HOST="unix://$STATE/engine.sock"
    mkdir -p "$CACHE"
    exec 9> "$CACHE/lock"
    flock 9
    dockerd --host "$DOCKER_HOST" --data-root "$CACHE/engine" --exec-root "$STATE/exec" --pidfile "$STATE/engine.pid" \
        --bridge none --iptables=false --ip6tables=false --storage-driver overlay2 > "$STATE/engine.log" 2>&1 9>&- &
    ENGINE=$!
    for _ in $(seq 300); do
        "$DOCKER" version > /dev/null 2>&1 && break
        kill -0 "$ENGINE" 2> /dev/null || skip "the engine does not start: $(tail -n 1 "$STATE/engine.log")"
        sleep 0.1
    done
    [[ "$("$DOCKER" info --format '{{.MemoryLimit}}')" == true ]] || skip "the engine cannot limit memory"
}

# Everything that was started ends, in the order in which it depends on one another. Mounts under our folders are the
# engine's: after its end none should be left, and one that is would keep the folder.
stop_engine() {
    if [[ -n "${ENGINE:-}" ]]; then
        remove_containers
        kill "$ENGINE" 2> /dev/null || true
        wait "$ENGINE" || true
        awk -v a="$CACHE/" -v b="$STATE/" 'index($2, a) == 1 || index($2, b) == 1 { print $2 }' /proc/mounts | sort -r \
            | xargs --no-run-if-empty umount || true
    fi
    rm -rf "$STATE"
}

remove_containers() {
    local containers
    mapfile -t containers < <("$DOCKER" ps --all --quiet 2> /dev/null)
    ((${#containers[@]} == 0)) || "$DOCKER" rm --force --volumes "${containers[@]}" > /dev/null || true
}
