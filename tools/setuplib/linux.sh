# linux.sh: Debian's Linux for arm64, which Pagoda is held against. It is large and few
# commands want it, so it is fetched when the first of them does, not by the set-up.

linux_folder=build/linux
linux_package=linux-image-arm64 # names the release's current kernel as what it depends on

# Puts the kernel in build/linux/vmlinuz and its version in build/linux/version; needs no
# root. Of the package nothing but the kernel is unpacked. A new folder is renamed, so that
# an interruption leaves no half.
make_linux()
{
    local name new=$PWD/$linux_folder.new file
    if [ -s "$linux_folder/vmlinuz" ] && [ -s "$linux_folder/version" ]; then
        say "$linux_folder has Linux $(<"$linux_folder/version")."
        return
    fi
    need_debian
    apt_begin
    apt_options "$work/linux" arm64 ''
    say "Debian's Linux for arm64, to compare with (once, a minute or so) …"
    logged 'reading the package lists of arm64' apt-get "${options[@]}" update
    name=$(apt-cache "${options[@]}" depends "$linux_package" |
        sed -n 's/^ *Depends: *\(linux-image-[0-9].*\)/\1/p' | head -n 1)
    [ -n "$name" ] || fail "Debian's $release has no $linux_package."
    say "  downloading $name ($(sizes_to_download "$name") MB) …"
    mkdir -p "$work/linux/packages"
    (cd "$work/linux/packages" &&
        logged "downloading $name" apt-get "${options[@]}" download "$name")
    file=$(echo "$work"/linux/packages/*.deb)
    rm -rf "$new"
    mkdir -p "$new"
    dpkg-deb --fsys-tarfile "$file" | tar -xO --wildcards './boot/vmlinuz-*' >"$new/vmlinuz"
    [ -s "$new/vmlinuz" ] || fail "$name holds no kernel."
    dpkg-deb --field "$file" Version >"$new/version"
    rm -rf "$linux_folder"
    mv "$new" "$linux_folder"
    say "  $(du -sh "$linux_folder" | cut -f1) in $linux_folder: Linux $(<"$linux_folder/version")"
}

# sizes_to_download NAME: MB of the package file.
sizes_to_download()
{
    apt-cache "${options[@]}" show --no-all-versions "$1" |
        awk '/^Size:/ { printf "%.0f", $2 / 1000000; exit }'
}
