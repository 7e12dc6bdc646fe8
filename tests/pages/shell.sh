# What stands before every block of commands. Programs that would reach out are run as far as they go without.
set -euo pipefail
programs() { "$PYTHON" "$PROGRAMS" "$@"; }
autograder() { if [ "$1" = mark ]; then programs serves autograder "$@" --no-browser; else command autograder "$@"; fi; }
jupyter() { programs serves jupyter "$@" --no-browser; }
conda() {
    case "$*" in
        "env create -f "*) grep -q "^name: " "$4" ;;
        "activate "*) grep -q "^name: $2$" environment.yml ;;
        *) return 1 ;;
    esac
}
