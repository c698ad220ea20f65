# Shared by the scripts here: POSIX sh, sourced after `cd` to the checkout.

VENV=$PWD/.venv
UV_VERSION=0.13.9
SYSTEM_PYTHON=${REALVPC_PYTHON:-/usr/bin/python3}

if [ -t 2 ] && [ -z "${NO_COLOR:-}" ]; then
    BOLD=$(printf '\033[1m') GREEN=$(printf '\033[32m') RED=$(printf '\033[31m') PLAIN=$(printf '\033[0m')
else
    BOLD='' GREEN='' RED='' PLAIN=''
fi

say() { printf '%s==>%s %s\n' "$BOLD" "$PLAIN" "$*" >&2; }
die() { printf '%s%s:%s %s\n' "$RED" "${0##*/}" "$PLAIN" "$*" >&2; exit 1; }

# step TEXT COMMAND...: runs quietly; prints the time it took, or all that it said and why that ends everything.
step() {
    text=$1
    shift
    [ -t 2 ] && printf '    %s ...' "$text" >&2
    begun=$(date +%s)
    log=$(mktemp)
    if "$@" >"$log" 2>&1; then
        rm -f "$log"
        [ -t 2 ] && printf '\r\033[K' >&2
        printf '    %sok%s %s (%s s)\n' "$GREEN" "$PLAIN" "$text" "$(($(date +%s) - begun))" >&2
    else
        [ -t 2 ] && printf '\r\033[K' >&2
        cat "$log" >&2
        rm -f "$log"
        die "failed: $text"
    fi
}

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
    for package in "$@"; do
        has "${package%-static}" || echo "$package"
    done
}

# install_packages COMMAND...: what is missing, and packages that are called as their commands.
install_packages() {
    packages=$(missing_packages "$@" | sort -u | tr '\n' ' ')
    [ -n "${packages% }" ] || return 0
    has apt-get || die "please install, in this system's way: $packages"
    say "Installing with apt-get: $packages"
    [ "$(id -u)" = 0 ] || as_root true
    step "package lists" as_root apt-get update -qq
    # shellcheck disable=SC2086 # a list of words
    step "packages" as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $packages
}

# fingerprint: of all that the virtual environment and the BPF object are made from.
fingerprint() {
    {
        echo "$PWD" "$UV_VERSION"
        "$SYSTEM_PYTHON" --version
        cat uv.lock pyproject.toml src/realvpc/net/*.py
        find src/realvpc/fabric/bpf -name '*.[ch]' -o -path 'src/realvpc/fabric/bpf/*.py' | LC_ALL=C sort | xargs cat
    } 2>&1 | sha256sum | cut -d' ' -f1
}

make_environment() {
    version=$("$SYSTEM_PYTHON" -c 'import sys; print(sys.version_info >= (3, 11))')
    [ "$version" = True ] || die "$SYSTEM_PYTHON is too old: Python 3.11 or newer is needed (REALVPC_PYTHON=…)"
    "$VENV/bin/python" -c '' 2>/dev/null || step "virtual environment" "$SYSTEM_PYTHON" -m venv --clear "$VENV"
    "$VENV/bin/uv" --version 2>/dev/null | grep -q "$UV_VERSION" ||
        step "uv $UV_VERSION" "$VENV/bin/python" -m pip install --disable-pip-version-check -q "uv==$UV_VERSION"
    step "Python packages" "$VENV/bin/uv" sync --system-certs --quiet --frozen --inexact --python "$VENV/bin/python"
    step "BPF program" "$VENV/bin/python" -m realvpc.fabric.bpf.build
}

# build COMMAND...: leaves a working .venv/bin/realvpc; quick when nothing has changed.
build() {
    install_packages "$@"
    now=$(fingerprint)
    if [ "$(cat "$VENV/.fingerprint" 2>/dev/null)" = "$now" ] && [ -e src/realvpc/fabric/bpf/vpc.bpf.o ]; then
        return 0
    fi
    say "Building RealVPC in $PWD"
    make_environment
    fingerprint >"$VENV/.fingerprint"
}
