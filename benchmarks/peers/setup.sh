#!/bin/sh
# Make the virtual environment of a peer: benchmarks/peers/setup.sh NAME ...
# It lies in .peers/NAME, or in $PEERS/NAME. Needs Python 3.11 or newer ($PYTHON) and a package index.
set -eu

here=$(cd "$(dirname "$0")/../.." && pwd)
peers=${PEERS:-$here/.peers}
python=${PYTHON:-python3}
torch=torch==2.13.0 # the one that ours is tested with

packages() {
    case $1 in
    eole) echo "eole==0.6.4" ;;
    joeynmt) echo "joeynmt==2.3.0 importlib_metadata==10.2.0" ;; # it needs the second and says not
    marian) echo "transformers==5.23.0 accelerate==1.15.0 sentencepiece==0.2.3" ;;
    ctranslate2) echo "ctranslate2==4.8.5" ;;
    plain) echo "plain needs no environment of its own" >&2; exit 2 ;;
    fairseq)
        echo "fairseq: its last release, 0.12.2, cannot be imported on Python 3.11 or newer;" \
            "see benchmarks/peers/README.md" >&2
        exit 2
        ;;
    *) echo "$1: no such peer; one of eole, joeynmt, marian, ctranslate2" >&2; exit 2 ;;
    esac
}

[ $# -gt 0 ] || { echo "usage: benchmarks/peers/setup.sh NAME ..." >&2; exit 2; }
for name in "$@"; do
    wanted=$(packages "$name")
    [ -x "$peers/$name/bin/python" ] || "$python" -m venv "$peers/$name"
    pip="$peers/$name/bin/python -m pip install -q --disable-pip-version-check"
    # torch first and alone, so that nothing else can ask for another build of it
    [ "$name" = ctranslate2 ] || $pip "$torch"
    # shellcheck disable=SC2086
    $pip $wanted
    echo "$peers/$name is ready: $wanted"
done
