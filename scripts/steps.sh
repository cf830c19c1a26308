# shellcheck shell=bash
# Sourced by scripts/test and .ci/run: named steps, a title for each, a summary at the end.
#
# A failing step does not stop the ones after it, so that one run shows all that is wrong; `finish` then fails.

STEPS_DONE=()
STEPS_FAILED=0

# step "title" command...: run a command under a title and note how it went.
step() {
    local title="$1" start=$SECONDS rc=0
    shift
    printf '\n=== %s\n' "$title"
    "$@" || rc=$?
    local verdict=ok
    if ((rc != 0)); then
        verdict="FAILED ($rc)"
        STEPS_FAILED=$((STEPS_FAILED + 1))
    fi
    STEPS_DONE+=("$(printf '%-12s %4ds  %s' "$verdict" $((SECONDS - start)) "$title")")
    return 0
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
    printf 'steps: %d passed, %d failed\n' $((${#STEPS_DONE[@]} - STEPS_FAILED)) "$STEPS_FAILED"
    exit $((STEPS_FAILED > 0))
}
