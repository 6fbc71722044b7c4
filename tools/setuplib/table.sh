# table.sh: what the project needs, how to see that it is there, and what for.
# The one list: tools/setup, tools/pagoda doctor and the README's table come from it.

qemu_wanted=9 # first major version with all boards

# Lines "package|probe|what for". Probes: command:NAME, file:PATH, qemu:MAJOR.
host_table()
{
    if [ "$(host_architecture)" = arm64 ]; then
        echo "gcc|command:$(cross_prefix)gcc|compiles the kernel, servers, programs and unit tests"
        echo "libc6-dev|file:/usr/include/stdio.h|C library of programs and unit tests"
    else
        echo "gcc-aarch64-linux-gnu|command:$(cross_prefix)gcc|compiles the kernel, servers and programs"
        echo "libc6-dev-arm64-cross|file:/usr/aarch64-linux-gnu/include/stdio.h|glibc for arm64 programs"
        echo "gcc|command:gcc|compiles the unit tests that run on the host"
        echo "libc6-dev|file:/usr/include/stdio.h|C library of the unit tests"
    fi
    cat <<END
libfdt-dev|file:/usr/include/libfdt.h|device tree library for the unit tests
libext2fs-dev|file:/usr/include/ext2fs/ext2fs.h|ext4 library for the unit tests of vfs
e2fsprogs|command:mke2fs|makes and checks ext4 file systems
device-tree-compiler|command:dtc|device trees to text and back
qemu-system-arm|qemu:$qemu_wanted|the emulated board (version $qemu_wanted or newer)
u-boot-qemu|file:/usr/lib/u-boot/qemu_arm64/u-boot.bin|the boot loader of the emulated board
u-boot-tools|command:mkenvimage|boot scripts and the boot loader's settings
mtools|command:mcopy|writes files into FAT images without root
dosfstools|command:mkfs.vfat|makes FAT file systems
fdisk|command:sfdisk|partitions disk images
e2fsprogs|command:mke2fs|makes, fills and checks ext4 file systems
util-linux|command:mkswap|makes swap areas
gdb-multiarch|command:gdb-multiarch|make gdb
python3|file:/usr/bin/python3|tools/pagoda
python3-pytest|file:/usr/lib/python3/dist-packages/pytest/__init__.py|system tests
python3-pexpect|file:/usr/lib/python3/dist-packages/pexpect/__init__.py|system tests that type
END
}

# Packages of architecture arm64 that are unpacked into build/sysroot: libraries, and BusyBox for the
# guest.
sysroot_packages='musl musl-dev libfdt-dev linux-libc-dev busybox-static libext2fs-dev comerr-dev'

host_architecture()
{
    : "${architecture:=$(dpkg --print-architecture 2>/dev/null || uname -m)}"
    case $architecture in
    aarch64) echo arm64 ;;
    x86_64) echo amd64 ;;
    *) echo "$architecture" ;;
    esac
}

# The prefix of the arm64 compiler: CROSS of the environment; the native compiler
# under its plain name where an arm64 host has it under no other.
cross_prefix()
{
    if [ -n "${CROSS+set}" ]; then
        echo "$CROSS"
    elif [ "$(host_architecture)" = arm64 ] && ! command -v aarch64-linux-gnu-gcc >/dev/null &&
        command -v gcc >/dev/null; then
        echo
    else
        echo aarch64-linux-gnu-
    fi
}

# probe PROBE: true when it is there.
probe()
{
    local value=${1#*:} version
    case $1 in
    command:*) command -v "$value" >/dev/null ;;
    file:*) [ -e "$value" ] ;;
    qemu:*)
        version=$("${PAGODA_QEMU:-qemu-system-aarch64}" --version 2>/dev/null) || return 1
        version=${version#*version }
        [ "${version%%.*}" -ge "$value" ] 2>/dev/null
        ;;
    esac
}

# Names of the host packages whose probe fails, on one line.
missing_packages()
{
    local package test reason names=()
    while IFS='|' read -r package test reason; do
        probe "$test" || names+=("$package")
    done < <(host_table)
    echo "${names[*]}"
}

reason_of()
{
    host_table | awk -F'|' -v name="$1" '$1 == name { print $3 }'
}

list_everything()
{
    local package test reason state
    while IFS='|' read -r package test reason; do
        state=ok
        probe "$test" || state=missing
        printf '%s\t%s\t%s\n' "$package" "$state" "$reason"
    done < <(host_table)
    state=ok
    sysroot_is_complete || state=missing
    printf '%s\t%s\t%s\n' build/sysroot "$state" "arm64 libraries: $sysroot_packages"
}

# show_missing "NAMES": for people, without looking anything up.
show_missing()
{
    local package
    say 'missing:'
    for package in $1; do
        printf '    %-24s %s\n' "$package" "$(reason_of "$package")"
    done
    sysroot_is_complete ||
        printf '    %-24s %s\n' build/sysroot "arm64 libraries: $sysroot_packages"
    say 'to get it: tools/setup (asks first; says what an administrator must type where it may not)'
}
