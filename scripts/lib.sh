# Shared by the scripts here: POSIX sh, sourced after `cd` to the checkout.

VENV=$PWD/.venv
CLIENTS=$VENV/clients
SYSTEM_PYTHON=${REALVPC_PYTHON:-/usr/bin/python3}

# What is built here is read by the user that the API process runs as, whatever this person's umask is.
umask 022
# Settings for a Python of this person's own, and places outside of the virtual environment.
unset PYTHONPATH PYTHONHOME PYTHONSTARTUP PYTHONUSERBASE PIP_TARGET PIP_PREFIX PIP_ROOT PIP_CONSTRAINT
export PIP_USER=0 PIP_REQUIRE_HASHES=0 PIP_NO_INPUT=1 PIP_DISABLE_PIP_VERSION_CHECK=1

if [ -t 2 ] && [ -z "${NO_COLOR:-}" ]; then
    BOLD=$(printf '\033[1m') GREEN=$(printf '\033[32m') RED=$(printf '\033[31m') PLAIN=$(printf '\033[0m')
else
    BOLD='' GREEN='' RED='' PLAIN=''
fi

say() { printf '%s==>%s %s\n' "$BOLD" "$PLAIN" "$*" >&2; }
die() { printf '%s%s:%s %s\n' "$RED" "${0##*/}" "$PLAIN" "$*" >&2; exit 1; }

LOG=''
trap 'rm -f "$LOG"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# try TEXT COMMAND...: runs quietly and prints the time it took; or all that it said, and fails.
try() {
    text=$1
    shift
    [ -t 2 ] && printf '    %s ...' "$text" >&2
    begun=$(date +%s)
    LOG=$(mktemp)
    if "$@" >"$LOG" 2>&1; then
        [ -t 2 ] && printf '\r\033[K' >&2
        printf '    %sok%s %s (%s s)\n' "$GREEN" "$PLAIN" "$text" "$(($(date +%s) - begun))" >&2
        rm -f "$LOG"
    else
        [ -t 2 ] && printf '\r\033[K' >&2
        cat "$LOG" >&2
        rm -f "$LOG"
        return 1
    fi
}

# step TEXT COMMAND...: as try; a failure ends everything, with HELP if that is set.
step() { try "$@" || die "failed: $1${HELP:+
$HELP}"; }

FROM_APT='Does `apt-get update` work on this machine? Packages come from the sources in /etc/apt; a proxy is set with
Acquire::http::Proxy in /etc/apt/apt.conf.d. What is there already is not asked for.'
FROM_INDEX='Packages come from the index that pip is set to: PIP_INDEX_URL or pip.conf for a mirror, PIP_PROXY or
HTTPS_PROXY for a proxy, PIP_CERT for its authority, PIP_NO_INDEX=1 with PIP_FIND_LINKS=DIRECTORY for wheels from a
directory ("Installing" in docs/operations.md). What differs from its hash in requirements/ is refused.'

# as_root COMMAND...: with sudo where this is not root.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null 2>&1; then
        sudo -- "$@"
    else
        die "needs root, and there is no sudo: run it as root"
    fi
}

# become_root: asks for the password while the terminal is free to show the question.
become_root() { [ "$(id -u)" = 0 ] || as_root true || die "needs root, and sudo does not give it: run it as root"; }

has() { PATH=$PATH:/usr/sbin:/sbin command -v "$1" >/dev/null 2>&1; }

has_file() {
    for file in "$@"; do
        [ -e "$file" ] && return 0
    done
    return 1
}

# missing_packages: what of Debian's and Ubuntu's packages this machine lacks, one a line.
missing_packages() {
    has "$SYSTEM_PYTHON" || echo python3
    "$SYSTEM_PYTHON" -c 'import ensurepip, venv' 2>/dev/null || echo python3-venv
    has clang || echo clang
    has llvm-strip || echo llvm
    has_file /usr/include/bpf/bpf_helpers.h || echo libbpf-dev
    has_file /usr/lib/*/libbpf.so.1 /usr/lib/libbpf.so.1 /usr/lib64/libbpf.so.1 || echo libbpf1
    has_file /usr/include/linux/bpf.h || echo linux-libc-dev
    has_file /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt || echo ca-certificates
    has crun || echo crun
    has ip || echo iproute2
    # Instances have the machine's programs, and these are looked for there.
    has ping || echo iputils-ping
    has sudo || echo sudo
    has curl || echo curl
    has dig || echo bind9-dnsutils
    has nft || echo nftables
    for package in "$@"; do
        case $package in openssh-server) command=sshd ;; *) command=${package%-static} ;; esac
        has "$command" || echo "$package"
    done
}

# install_packages PACKAGE...: what is missing, and these packages, mostly called as their commands.
install_packages() {
    packages=$(missing_packages "$@" | sort -u | tr '\n' ' ')
    [ -n "${packages% }" ] || return 0
    has apt-get || die "please install, in this system's way: $packages"
    say "Installing with apt-get: $packages"
    become_root
    HELP=$FROM_APT
    # Another apt-get may be at work: it is waited for.
    step "package lists" as_root apt-get -o DPkg::Lock::Timeout=300 update -qq
    # shellcheck disable=SC2086 # a list of words
    step "packages" as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends $packages
    HELP=''
}

# fingerprint: of all that the virtual environment and the BPF object are made from.
fingerprint() {
    {
        echo "$PWD"
        "$SYSTEM_PYTHON" --version
        cat scripts/lib.sh requirements/dev.txt pyproject.toml src/realvpc/net/*.py
        find src/realvpc/fabric/bpf -name '*.[ch]' -o -path 'src/realvpc/fabric/bpf/*.py' | LC_ALL=C sort | xargs cat
    } 2>&1 | sha256sum | cut -d' ' -f1
}

# pip_sync PYTHON FILE: what FILE says and nothing that differs from it, without building anything.
pip_sync() {
    "$1" -m pip install -q --require-hashes --no-deps --only-binary :all: -r "$2"
}

# mend_aws: no kernel takes an interpreter whose path has spaces or is long, and pip sees to that in all scripts but this.
mend_aws() {
    [ "${#VENV}" -gt 100 ] || case $VENV in *[[:space:]]*) ;; *) return 0 ;; esac
    rm -f "$VENV/bin/aws"
    printf '#!/bin/sh\nexec "${0%%/*}/python" -m awscli "$@"\n' >"$VENV/bin/aws"
    chmod 755 "$VENV/bin/aws"
}

make_environment() {
    version=$("$SYSTEM_PYTHON" -c 'import sys; print(sys.version_info >= (3, 11))')
    [ "$version" = True ] || die "$SYSTEM_PYTHON is too old: Python 3.11 or newer is needed (REALVPC_PYTHON=…)"
    "$VENV/bin/python" -m pip --version >/dev/null 2>&1 ||
        step "virtual environment" "$SYSTEM_PYTHON" -m venv --clear "$VENV"
    HELP=$FROM_INDEX
    step "Python packages" pip_sync "$VENV/bin/python" requirements/dev.txt
    HELP=''
    mend_aws
    step "RealVPC itself" "$VENV/bin/python" -m pip install -q --no-index --no-deps --no-build-isolation -e .
    step "BPF program" "$VENV/bin/python" -m realvpc.fabric.bpf.build
}

# build COMMAND...: leaves a working .venv/bin/realvpc; quick when nothing has changed.
build() {
    install_packages "$@"
    exec 9<scripts/lib.sh # of two builds in one checkout the second waits
    ! has flock || flock 9
    now=$(fingerprint)
    if [ "$(cat "$VENV/.fingerprint" 2>/dev/null)" != "$now" ] || [ ! -e src/realvpc/fabric/bpf/vpc.bpf.o ]; then
        say "Building RealVPC in $PWD"
        make_environment
        fingerprint >"$VENV/.fingerprint"
    fi
    # What root runs then finds its bytecode, and leaves none of its own in this person's checkout.
    [ ! -w src/realvpc ] || "$VENV/bin/python" -m compileall -qq src || true
    exec 9>&-
}

# build_clients: other people's clients of Session Manager, for the tests that drive them; without them those are skipped.
build_clients() {
    client ssm_session "$(cat tests/e2e/ssm_session/*.js*)"
    client pyssm "$(cat requirements/clients.txt)"
}

# client NAME SOURCE: installs one where that has not been done for this source.
client() {
    now=$(printf %s "$2" | sha256sum | cut -d' ' -f1)
    [ "$(cat "$CLIENTS/$1.fingerprint" 2>/dev/null)" != "$now" ] || return 0
    rm -rf "${CLIENTS:?}/$1"
    mkdir -p "$CLIENTS"
    if try "$1, a client for the tests" "install_$1"; then
        echo "$now" >"$CLIENTS/$1.fingerprint"
    else
        rm -rf "${CLIENTS:?}/$1"
        say "$1 could not be installed, as told above: its tests will be skipped"
    fi
}

install_ssm_session() {
    has npm && has node || { echo "it needs npm and node, and they are not here"; return 1; }
    cp -R tests/e2e/ssm_session "$CLIENTS/ssm_session"
    npm ci --prefix "$CLIENTS/ssm_session" --ignore-scripts --no-audit --no-fund --no-update-notifier --fetch-retries 1 \
        --fetch-retry-mintimeout 1000
}

install_pyssm() {
    for python in "$VENV/bin/python" python3.20 python3.19 python3.18 python3.17 python3.16 python3.15 python3.14 \
        python3.13 python3.12 "$HOME"/.pyenv/versions/3.1[2-9]*/bin/python; do
        "$python" -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null || continue
        "$python" -m venv "$CLIENTS/pyssm" && pip_sync "$CLIENTS/pyssm/bin/python" requirements/clients.txt
        return
    done
    echo "it needs Python 3.12 or newer, and there is none here"
    return 1
}
