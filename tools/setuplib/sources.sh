# sources.sh: which package sources of this machine are Debian's own.
#
# Reads the machine's apt configuration (sources.list, sources.list.d/*.list and
# the deb822 form *.sources) and repeats its Debian entries, component main alone.
# The result is a file for a private apt state; the machine's own stays untouched.

apt_configuration=${PAGODA_APT_CONFIGURATION:-/etc/apt}

# Prints all enabled binary entries of the machine as deb822 stanzas.
all_sources()
{
    local file
    for file in "$apt_configuration"/sources.list "$apt_configuration"/sources.list.d/*.list; do
        [ ! -r "$file" ] || one_line_to_stanzas <"$file"
    done
    for file in "$apt_configuration"/sources.list.d/*.sources; do
        [ ! -r "$file" ] || { grep -v '^#' "$file" || true; }
        echo
    done
}

# "deb [options] URI SUITE COMPONENT…" to stanzas; see sources.list(5).
one_line_to_stanzas()
{
    awk '
    { sub(/#.*/, "") }
    $1 == "deb" {
        line = $0
        options = ""
        if (match(line, /\[[^]]*\]/)) {
            options = substr(line, RSTART + 1, RLENGTH - 2)
            line = substr(line, 1, RSTART - 1) " " substr(line, RSTART + RLENGTH)
        }
        count = split(line, word)
        printf "Types: deb\nURIs: %s\nSuites: %s\nComponents:", word[2], word[3]
        for (i = 4; i <= count; i++)
            printf " %s", word[i]
        print ""
        for (i = split(options, option); i > 0; i--) {
            split(option[i], pair, "=")
            if (tolower(pair[1]) == "signed-by")
                print "Signed-By: " pair[2]
            if (tolower(pair[1]) == "trusted")
                print "Trusted: " pair[2]
            if (tolower(pair[1]) == "check-valid-until")
                print "Check-Valid-Until: " pair[2]
        }
        print ""
    }'
}

# debian_sources RELEASE [backports]: the stanzas that offer Debian's RELEASE (its
# updates and security too), or, with "backports", the main one turned into
# <suite>-backports at the same URIs.
debian_sources()
{
    all_sources | awk -v release="$1" -v mode="${2:-release}" '
    BEGIN {
        RS = ""
        FS = "\n"
        alias = "^(" release "|stable|oldstable|oldoldstable|testing)"
    }
    function field(name, i, line, value, found) {
        for (i = 1; i <= NF; i++) {
            line = $i
            if (line !~ /^[ \t]/)
                found = index(tolower(line), tolower(name) ":") == 1
            if (found) {
                sub(/^[^ \t:]*:/, "", line)
                value = value " " line
            }
        }
        gsub(/[ \t]+/, " ", value)
        sub(/^ /, "", value)
        return value
    }
    function other_fields(i, keep) {
        for (i = 1; i <= NF; i++) {
            if ($i !~ /^[ \t]/)
                keep = tolower($i) ~ /^(signed-by|trusted|check-valid-until):/
            if (keep)
                print $i
        }
    }
    {
        if ((" " field("Types") " ") !~ / deb / || field("Enabled") ~ /no|false|off/)
            next
        if ((" " field("Components") " ") !~ / main / || field("URIs") ~ /cdrom:/)
            next
        chosen = ""
        count = split(field("Suites"), suite, " ")
        for (i = 1; i <= count; i++) {
            if (mode == "backports" && suite[i] ~ (alias "$"))
                chosen = suite[i] "-backports"
            if (mode == "release" && suite[i] ~ (alias "(-updates|-security|/updates)?$"))
                chosen = chosen (chosen == "" ? "" : " ") suite[i]
        }
        if (chosen == "" || (mode == "backports" && done++))
            next
        printf "Types: deb\nURIs: %s\nSuites: %s\nComponents: main\n", field("URIs"), chosen
        other_fields()
        print ""
    }'
}
