# shellcheck shell=bash
# Sourced from the project's root: programs of an earlier revision, built from its own sources in a folder of their own.
#
# Sources, programs and build are under target/skew, each program once for each revision. Crates of others are compiled
# once for all revisions.

EARLIER="$(realpath --canonicalize-missing "${CARGO_TARGET_DIR:-target}")/skew"

# The last revision before the coordinator got one queue of events, one writer, and heartbeats of their own. Its stack
# invokes the function for each event, and it has a record and an observation for each drain.
BEFORE_THE_QUEUE=2d9ad0a

declare -A PACKAGES=(
    [bootstrap]=protector-coordinator
    [ecs-daemon-protector]=protector-sidecar
    [protectorctl]=protectorctl
)

# earlier_commit REV [GIVEN]: print the commit of a revision. A revision that is GIVEN and not here is an error (2). One
# that was not given is a SKIP (3): a shallow clone, or sources without their history, say nothing about the project.
earlier_commit() {
    git rev-parse --verify --quiet "$1^{commit}" 2> /dev/null && return
    [[ -z "${2:-}" ]] || { echo "no such revision here: $1" >&2; return 2; }
    echo "SKIP $(basename "$0"): revision $1 is not in this clone (git fetch --unshallow --tags)" >&2
    return 3
}

# earlier_folder COMMIT: where its programs are.
earlier_folder() { echo "$EARLIER/programs/$1"; }

# earlier_sources COMMIT: the sources as they were, apart from this clone, so that nothing of it changes; print where they
# are. They get the present time: cargo would take the programs of another revision for these if they were newer.
earlier_sources() {
    local sources="$EARLIER/src/$1"
    rm -rf "$sources" && mkdir -p "$sources" && git archive "$1" | tar --extract --touch --directory "$sources" &&
        echo "$sources"
}

# For programs that wait more than they compute: what was optimised for the tests of that time takes most of its build.
PLAIN=()
for package in protector-core protector-coordinator serde_json serde_core tokio jiff fastrand futures-util; do
    PLAIN+=(--config "profile.dev.package.$package.opt-level=0")
done
unset package

# build_earlier COMMIT PROGRAM...: build those of the programs that are not there yet.
build_earlier() {
    local commit="$1" folder sources program missing=() packages=() flags=("${PLAIN[@]}")
    folder="$(earlier_folder "$1")"
    shift
    for program; do
        [[ -x "$folder/$program" ]] || missing+=("$program") packages+=(--package "${PACKAGES[$program]}")
        # It has the simulator.
        [[ "$program" != protectorctl ]] || flags=()
    done
    ((${#missing[@]})) || return 0
    sources="$(earlier_sources "$commit")" || return
    (cd "$sources" && CARGO_TARGET_DIR="$EARLIER/build" nice -n 5 cargo build --locked --bins "${flags[@]}" "${packages[@]}" >&2) || return
    mkdir -p "$folder" && (cd "$EARLIER/build/debug" && install "${missing[@]}" "$folder")
}
