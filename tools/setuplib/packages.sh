# packages.sh: Debian packages of architecture arm64 with all they depend on, for the
# guest's file tree. Looked up and downloaded without root, once, into build/packages:
#
#   apt/        a private apt state with the lists of arm64
#   archives/   the packages as downloaded
#   plans/      which archives a wish for packages comes to: "NAME VERSION FILE" lines

packages_folder=${PAGODA_BUILD:-$PWD/build}/packages
plan_form=2 # changes when plans are made in another way

# What others depend on for work that is not done here: nothing is installed, only
# unpacked, and no maintainer script runs. They come only when asked for by name.
not_at_run_time()
{
    cat <<'END'
adduser: makes accounts when a package is installed
cdebconf: asks questions at installation
debconf: asks questions at installation
dpkg: unpacks packages; maintainer scripts call it
init-system-helpers: tells an init system of new services
install-info: keeps an index of manuals
lsb-base: functions of init scripts
ucf: merges configuration files at an upgrade
usr-is-merged: sees that /bin is a link; here it always is
usrmerge: makes /bin a link; here it always is
END
}

# What Debian's essential packages bring, so that nobody says that he needs it.
also_needed()
{
    cat <<'END'
libtinfo6 ncurses-base: descriptions of terminals
END
}

# fetch_packages NAME…: prints the archives' paths to file 8, a package after what it depends on.
fetch_packages()
{
    local name plan
    for name in "$@"; do
        case $name in
        [a-z0-9]*) ;;
        *) fail "\"$name\" is no name of a package." ;;
        esac
        case $name in
        *[!a-z0-9+.-]*) fail "\"$name\" is no name of a package." ;;
        esac
    done
    mkdir -p "$packages_folder/plans" "$packages_folder/archives"
    need_debian
    plan=$packages_folder/plans/$(printf '%s\n' "$plan_form $release" "$@" | sha256sum | cut -c1-16)
    exec 9>"$packages_folder/lock"
    flock 9 # one at a time: the others then find it done
    plan_is_there "$plan" || make_plan "$plan" "$@"
    awk -v folder="$packages_folder/archives/" '{ print folder $3 }' "$plan" >&8
}

plan_is_there()
{
    local name version file
    [ -s "$1" ] || return 1
    while read -r name version file; do
        [ -f "$packages_folder/archives/$file" ] || return 1
    done <"$1"
}

make_plan()
{
    local plan=$1
    shift
    apt_begin
    status_without "$@" >"$work/status"
    apt_options "$packages_folder/apt" arm64 "$work/status"
    options+=(-o Debug::NoLocking=1)
    [ -n "$(find "$packages_folder/apt/lists" -name '*Packages*' -mtime -1)" ] || read_lists
    if ! choose_packages "$@" || ! download_packages; then
        read_lists # they may be older than the archive
        choose_packages "$@" || explain_choice "$@"
        download_packages || {
            tail -n 15 "$log" | sed 's/^/    | /' >&2
            fail 'downloading packages failed; all of it is in build/setup.log.'
        }
    fi
    mv "$work/files" "$plan"
    plan_is_there "$plan" || fail "apt named archives that it did not bring; see $plan."
}

# A dpkg status file in which the packages above, but for those named, are installed.
status_without()
{
    local wanted=" $* "
    not_at_run_time | while IFS=: read -r name reason; do
        case $wanted in *" $name "*) continue ;; esac
        printf 'Package: %s\nStatus: install ok installed\nVersion: 9999:0\nArchitecture: all\n' "$name"
        printf 'Multi-Arch: foreign\nMaintainer: nobody\nDescription:%s\n' "$reason"
        [ "$name" != debconf ] || echo 'Provides: debconf-2.0'
        echo
    done
}

read_lists()
{
    say 'reading the package lists of arm64 …'
    logged 'reading the package lists' apt-get "${options[@]}" update
}

# What apt would install, in its order: "NAME VERSION FILE" lines in $work/files.
choose_packages()
{
    local name others reason
    plan_packages "$@" || return 1
    while read -r name others reason; do
        if grep -q "^$name " "$work/files" && ! grep -q "^${others%:} " "$work/files"; then
            set -- "$@" "${others%:}"
            plan_packages "$@" || return 1
        fi
    done < <(also_needed)
}

plan_packages()
{
    apt-get "${options[@]}" -s --no-install-recommends install "$@" >"$work/plan" 2>"$work/errors" ||
        return 1
    refuse_strangers "$work/plan"
    awk '/^Inst / {
        version = substr($0, index($0, "(") + 1)
        sub(/ .*/, "", version)
        architecture = substr($0, match($0, /\[[a-z0-9]+\][)]/) + 1)
        sub(/\].*/, "", architecture)
        file = $2 "_" version "_" architecture ".deb"
        gsub(/:/, "%3a", file)
        print $2, version, file
    }' "$work/plan" >"$work/files"
}

explain_choice()
{
    local unknown
    unknown=$(sed -n "s/^E: Unable to locate package //p
        s/^E: Package '\(.*\)' has no installation candidate.*/\1/p" "$work/errors" | tr '\n' ' ')
    [ -z "$unknown" ] || fail "Debian $release has no package for arm64 named ${unknown% }."
    sed -n '/^The following packages have unmet/,$p' "$work/plan" | sed 's/^/    | /' >&2
    fail "these packages cannot be had together: $(sed -n 's/^E: //p' "$work/errors" | head -n 1)"
}

# Those of $work/files that are not there yet.
download_packages()
{
    local name version file missing=()
    while read -r name version file; do
        [ -f "$packages_folder/archives/$file" ] || missing+=("$name=$version")
    done <"$work/files"
    [ ${#missing[@]} != 0 ] || return 0
    say "downloading ${#missing[@]} packages for arm64 …"
    # shellcheck disable=SC2016 # expanded by the inner shell
    sh -c 'cd "$1" && log=$2 && shift 2 && "$@" 3>&1 >>"$log" 2>&1' sh "$packages_folder/archives" "$log" \
        apt-get "${options[@]}" -o APT::Status-Fd=3 download "${missing[@]}" |
        show_progress
}
