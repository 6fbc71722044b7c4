# sysroot.sh: arm64 libraries in build/sysroot, unpacked beside the system, not into
# it. Needs no root: packages of a foreign architecture are only downloaded.

sysroot=build/sysroot
sysroot_stamp=$sysroot/.packages

# What the stamp must say: the list of packages and the way they are unpacked.
sysroot_key()
{
    echo "1 $sysroot_packages"
}

sysroot_is_complete()
{
    [ -f "$sysroot_stamp" ] && [ "$(<"$sysroot_stamp")" = "$(sysroot_key)" ]
}

# Unpacks into a new folder and renames it: an interrupted set-up leaves no half.
make_sysroot()
{
    local file new=$PWD/$sysroot.new
    apt_options "$work/sysroot" arm64 ''
    say "arm64 libraries for $sysroot ($sysroot_packages; a few seconds) …"
    logged 'reading the package lists of arm64' apt-get "${options[@]}" update
    mkdir -p "$work/sysroot/packages"
    # shellcheck disable=SC2086 # a list of names
    (cd "$work/sysroot/packages" &&
        logged 'downloading the arm64 packages' apt-get "${options[@]}" download $sysroot_packages)
    say "  $(du -sh "$work/sysroot/packages" | cut -f1) downloaded"
    rm -rf "$new"
    mkdir -p "$new"
    for file in "$work"/sysroot/packages/*.deb; do
        logged "unpacking $file" dpkg -x "$file" "$new"
    done
    sysroot_key >"$new/.packages"
    rm -rf "$sysroot"
    mv "$new" "$sysroot"
    say "  $(du -sh "$sysroot" | cut -f1) in $sysroot"
}
