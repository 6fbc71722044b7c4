# apt.sh: a private apt state, so that looking up and downloading packages needs no
# root and leaves the machine's package lists and configuration as they are.

# The release this machine runs, e.g. bookworm; refuses what is not Debian.
need_debian()
{
    command -v apt-get >/dev/null ||
        fail 'this is not a Debian system; see "tools/pagoda doctor" for what is needed.'
    release=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
    [ -n "$release" ] || fail '/etc/os-release names no release (VERSION_CODENAME).'
}

# Makes the folder for everything temporary, and sees that it goes away.
apt_begin()
{
    work=$(mktemp -d "${TMPDIR:-/var/tmp}/pagoda-setup.XXXXXX")
    chmod 755 "$work" # apt fetches as the user _apt
    trap apt_end EXIT
    mkdir -p build "$work/sources"
    log=$PWD/build/setup.log
    : >"$log"
    debian_sources "$release" >"$work/sources/debian.sources"
    [ -s "$work/sources/debian.sources" ] ||
        fail "$apt_configuration names no Debian source for $release, component main."
}

apt_end()
{
    rm -rf "$work" 2>/dev/null || ${as_root:-} rm -rf "$work"
}

# apt_options FOLDER ARCHITECTURE STATUS: sets the array `options` for a state in
# FOLDER, with the dpkg status file STATUS ("" for: nothing is installed).
apt_options()
{
    local state=$1 status=$3
    mkdir -p "$state/lists/partial" "$state/cache/archives/partial" "$state/preferences"
    if [ -z "$status" ]; then
        status=$state/status
        : >>"$status"
    fi
    options=(-q -o "APT::Architecture=$2" -o "APT::Architectures=$2" -o "Dir::State=$state"
        -o "Dir::State::status=$status" -o "Dir::State::Lists=$state/lists"
        -o "Dir::State::extended_states=/var/lib/apt/extended_states"
        -o "Dir::Cache=$state/cache" -o "Dir::Etc::SourceList=/dev/null"
        -o "Dir::Etc::SourceParts=$work/sources" -o "Dir::Etc::Preferences=/dev/null"
        -o "Dir::Etc::PreferencesParts=$state/preferences"
        -o "Acquire::Languages=none" -o "Acquire::Retries=3" -o "DPkg::Lock::Timeout=120")
}

# logged WHAT COMMAND…: runs with output in the log; on failure shows its end.
logged()
{
    local what=$1
    shift
    if ! "$@" >>"$log" 2>&1; then
        tail -n 15 "$log" | sed 's/^/    | /' >&2
        fail "$what failed; all of it is in build/setup.log."
    fi
}
