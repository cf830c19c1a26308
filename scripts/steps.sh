# shellcheck shell=bash
# Sourced by scripts/test and .ci/run: named steps, a title for each, a summary at the end.
#
# A failing step does not stop the ones after it, so that one run shows all that is wrong; `finish` then fails.
#
# Most steps wait more than they compute. `beside` starts one that goes on while the next ones run; `join` shows it.

# What is compiled for CI is not compiled again, and to prepare for that takes a tenth of the time.
[[ -z "${CI:-}" ]] || export CARGO_INCREMENTAL=0

STEPS_DONE=()
STEPS_FAILED=0
STEPS_STARTED=$SECONDS
BESIDE_TITLES=()
BESIDE_PIDS=()
BESIDE_OUTPUT="$(mktemp -d)"
trap 'kill $(jobs -p) 2> /dev/null || true; rm -rf "$BESIDE_OUTPUT"' EXIT

# timed FILES command...: run a command in a shell of its own, whose children are those of this command alone, and keep
# in FILES.used how many seconds it took, and how many of CPU time. `times` in $(...) would count none of them.
timed() (
    trap - EXIT
    files="$1" start=$SECONDS rc=0
    shift
    "$@" || rc=$?
    times > "$files.times"
    { read -r _ && read -r user system; } < "$files.times"
    user="${user%s}" system="${system%s}"
    minutes=$((${user%m*} + ${system%m*})) user="${user#*m}" system="${system#*m}"
    echo "$((SECONDS - start)) $((minutes * 60 + ${user%%[.,]*} + ${system%%[.,]*}))" > "$files.used"
    exit "$rc"
)

# note "title" seconds cpu code: keep how a step went.
note() {
    local verdict=ok
    if (($4 != 0)); then
        verdict="FAILED ($4)"
        STEPS_FAILED=$((STEPS_FAILED + 1))
    fi
    STEPS_DONE+=("$(printf '%-12s %4ds  CPU %4ds  %s' "$verdict" "$2" "$3" "$1")")
}

# step "title" command...: run a command under a title and note how it went.
step() {
    local title="$1" seconds=0 cpu=0 rc=0 files="$BESIDE_OUTPUT/step"
    shift
    rm -f "$files.used"
    printf '\n=== %s\n' "$title"
    timed "$files" "$@" || rc=$?
    [[ ! -e "$files.used" ]] || read -r seconds cpu < "$files.used"
    note "$title" "$seconds" "$cpu" "$rc"
}

# beside "title" command...: start a command that runs while the next steps do, until `join`. A job in the background
# ignores SIGINT, and so would every program that it starts; so that is taken back.
beside() {
    local title="$1" files="$BESIDE_OUTPUT/${#BESIDE_PIDS[@]}"
    shift
    printf '\n=== %s: started, its output follows later\n' "$title"
    (
        trap - INT QUIT EXIT
        timed "$files" "$@" > "$files.log" 2>&1
    ) &
    BESIDE_TITLES+=("$title")
    BESIDE_PIDS+=("$!")
}

# join: wait for what `beside` has started, and show it. Fails if one of them failed.
join() {
    local at before=$STEPS_FAILED
    for at in "${!BESIDE_PIDS[@]}"; do
        local seconds=0 cpu=0 rc=0 files="$BESIDE_OUTPUT/$at"
        wait "${BESIDE_PIDS[at]}" || rc=$?
        printf '\n=== %s\n' "${BESIDE_TITLES[at]}"
        cat "$files.log"
        [[ ! -e "$files.used" ]] || read -r seconds cpu < "$files.used"
        note "${BESIDE_TITLES[at]}" "$seconds" "$cpu" "$rc"
    done
    BESIDE_TITLES=() BESIDE_PIDS=()
    ((STEPS_FAILED == before))
}

# need "title" command...: a step without which the later ones make no sense.
need() {
    local before=$STEPS_FAILED
    step "$@"
    ((STEPS_FAILED == before)) || finish
}

# finish: print the summary and leave, non-zero if any step failed.
finish() {
    printf '\n=== Summary of %s\n' "$(basename "$(dirname "$0")")/$(basename "$0")"
    printf '%s\n' "${STEPS_DONE[@]}"
    printf '%18ds  in all\n' $((SECONDS - STEPS_STARTED))
    printf 'steps: %d passed, %d failed\n' $((${#STEPS_DONE[@]} - STEPS_FAILED)) "$STEPS_FAILED"
    exit $((STEPS_FAILED > 0))
}
