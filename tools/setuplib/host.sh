# host.sh: installs packages on this machine, or says who could.

# Sets as_root to "" (we are root), "sudo", or returns 1 when there is no way.
find_root()
{
    if [ "$(id -u)" = 0 ]; then
        as_root=
    elif command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
        as_root=sudo
    else
        return 1
    fi
}

# Adds <release>-backports to the private sources when the release's own QEMU is
# too old (Debian 12). Sets `backports` to that suite, or to nothing.
choose_qemu_source()
{
    local version
    backports=
    case " $* " in *" qemu-system-arm "*) ;; *) return 0 ;; esac
    version=$(apt-cache "${options[@]}" policy qemu-system-arm |
        sed -n 's/^ *Candidate: *\([0-9]*:\)\{0,1\}\([0-9]*\).*/\2/p')
    if [ "${version:-0}" -lt "$qemu_wanted" ]; then
        debian_sources "$release" backports >"$work/sources/backports.sources"
        backports=$(sed -n 's/^Suites: *//p' "$work/sources/backports.sources")
        say "QEMU ${version:-?} of this release is too old: taking it from $backports."
        logged 'reading the package lists of backports' apt-get "${options[@]}" update
    fi
}

# install_packages NAME…: shows the plan, asks, installs.
install_packages()
{
    local ordinary=() package
    apt_options "$work/host" "$(host_architecture)" /var/lib/dpkg/status
    say 'reading package lists of the host (a few seconds) …'
    logged 'reading the package lists' apt-get "${options[@]}" update
    choose_qemu_source "$@"
    for package in "$@"; do
        [ -n "$backports" ] && [ "$package" = qemu-system-arm ] || ordinary+=("$package")
    done
    show_plan "$@"
    if ! find_root; then
        explain_to_administrator
        exit 1
    fi
    confirm
    [ ${#ordinary[@]} = 0 ] || install_now "${#ordinary[@]} packages" "${ordinary[@]}"
    [ -z "$backports" ] || install_now QEMU -t "$backports" qemu-system-arm
}

# The table: name, installed size, what for; then what it all costs.
show_plan()
{
    local package size target=()
    [ -z "$backports" ] || target=(-t "$backports")
    say 'to be installed, from Debian:'
    printf '    %-24s %10s  %s\n' package 'size alone' 'what for'
    for package in "$@"; do
        size=$(sizes "${target[@]}" "$package" | cut -f1)
        printf '    %-24s %7s MB  %s\n' "$package" "$size" "$(reason_of "$package")"
    done
    apt-get "${options[@]}" "${target[@]}" -s --no-install-recommends install "$@" \
        >"$work/plan" 2>>"$log" || logged 'planning the installation' cat "$work/plan"
    refuse_strangers "$work/plan"
    { apt-get "${options[@]}" "${target[@]}" --assume-no --no-install-recommends \
        -o Debug::NoLocking=1 install "$@" || true; } 2>&1 | sed -n \
        's/^Need to get \(.*\) of archives.*/    with all they depend on: \1 to download,/p
         s/^After this operation, \(.*\) of additional.*/    \1 on the disk afterwards./p'
    # shellcheck disable=SC2046 # a list of names
    sizes "${target[@]}" $(awk '/^Inst / { print $2 }' "$work/plan") | sort -rn | awk -F'\t' \
        'NR <= 8 { list = list (NR > 1 ? ", " : "") $2 " " $1 } END { print "    the largest: " list " MB" }' |
        fold -s -w 100 | sed '2,$s/^/    /'
}

# sizes [-t SUITE] NAME…: lines "MB <tab> NAME", unpacked, or as downloaded where that
# is all that is known.
sizes()
{
    apt-cache "${options[@]}" show --no-all-versions "$@" | awk '
    /^Package:/ { name = $2 }
    /^Installed-Size:/ { size[name] = $2 / 1024 }
    /^Size:/ && !(name in size) { size[name] = $2 / 1048576 }
    END {
        for (name in size)
            printf "%.1f\t%s\n", size[name], name
    }'
}

# Every package of the plan must come from Debian: a line of it names its origin.
refuse_strangers()
{
    local strangers
    strangers=$(awk '/^Inst / && $0 !~ /[(][^ ]+ (Debian|Debian Backports|Debian-Security):/ { print $2 }' "$1")
    [ -z "$strangers" ] ||
        fail "these would not come from Debian, so nothing was installed:" $strangers
}

# install_now WHAT ARGUMENTS…: apt-get install, with a line of progress now and then.
install_now()
{
    local what=$1
    shift
    say "installing $what …"
    # shellcheck disable=SC2016 # expanded by the inner shell
    if ! $as_root env DEBIAN_FRONTEND=noninteractive LC_ALL=C PATH="$PATH" sh -c \
        'log=$1; shift; "$@" 3>&1 >>"$log" 2>&1' sh "$log" \
        apt-get "${options[@]}" -y --no-install-recommends -o APT::Status-Fd=3 install "$@" |
        show_progress; then
        tail -n 15 "$log" | sed 's/^/    | /' >&2
        fail 'the installation failed; all of it is in build/setup.log.'
    fi
}

# Reads apt's status lines "KIND:PACKAGE:PERCENT:TEXT"; one line for every tenth, or 10 s.
show_progress()
{
    local kind package percent text step last=-1 when=$SECONDS word
    while IFS=: read -r kind package percent text; do
        case $kind in
        dlstatus) word=download ;;
        pmstatus) word=install ;;
        *) continue ;;
        esac
        step=$word${percent%%.*}
        step=${step%?}
        if { [ "$step" != "$last" ] && [ $((SECONDS - when)) -ge 2 ]; } ||
            [ $((SECONDS - when)) -ge 10 ]; then
            say "  $word ${percent%%.*} %"
            last=$step
            when=$SECONDS
        fi
    done
}

# Exact commands for somebody who may: with the private sources written out.
explain_to_administrator()
{
    local uri key
    say 'this account may not install packages. An administrator (root) can do it all by'
    echo "    cd $PWD && tools/setup --yes"
    say 'or by hand:'
    [ ${#ordinary[@]} = 0 ] ||
        echo "    apt-get update && apt-get install --no-install-recommends ${ordinary[*]}"
    if [ -n "$backports" ]; then
        uri=$(sed -n 's/^URIs: *\([^ ]*\).*/\1/p' "$work/sources/backports.sources")
        key=$(sed -n 's/^Signed-By: *\(\/.*\)/[signed-by=\1] /p' "$work/sources/backports.sources")
        echo "    echo 'deb $key$uri $backports main' >/etc/apt/sources.list.d/$backports.list"
        echo "    apt-get update && apt-get install --no-install-recommends -t $backports qemu-system-arm"
    fi
}
