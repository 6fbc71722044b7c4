/* args: prints argv, the environment and the auxiliary vector, one entry a line. */
#include <elf.h>
#include <stdio.h>
#include <string.h>

static const struct {
    unsigned long type;
    const char *name;
} names[] = {
    {AT_PHDR, "PHDR"},
    {AT_PHENT, "PHENT"},
    {AT_PHNUM, "PHNUM"},
    {AT_PAGESZ, "PAGESZ"},
    {AT_BASE, "BASE"},
    {AT_FLAGS, "FLAGS"},
    {AT_ENTRY, "ENTRY"},
    {AT_UID, "UID"},
    {AT_EUID, "EUID"},
    {AT_GID, "GID"},
    {AT_EGID, "EGID"},
    {AT_CLKTCK, "CLKTCK"},
    {AT_PLATFORM, "PLATFORM"},
    {AT_HWCAP, "HWCAP"},
    {AT_HWCAP2, "HWCAP2"},
    {AT_SECURE, "SECURE"},
    {AT_RANDOM, "RANDOM"},
    {AT_EXECFN, "EXECFN"},
    {51 /* AT_MINSIGSTKSZ */, "MINSIGSTKSZ"},
    {AT_SYSINFO_EHDR, "SYSINFO_EHDR"},
};

static void print_auxiliary(const Elf64_auxv_t *entry)
{
    const char *name = "?";
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i].type == entry->a_type)
            name = names[i].name;
    if (entry->a_type == AT_EXECFN || entry->a_type == AT_PLATFORM)
        printf("auxv %s=%s\n", name, (const char *)entry->a_un.a_val);
    else
        printf("auxv %s(%lu)=%#lx\n", name, entry->a_type, entry->a_un.a_val);
}

int main(int argc, char **argv, char **envp)
{
    /* Past the first dozen only lengths: the point of long lists is that they arrive. */
    printf("argc=%d\n", argc);
    for (int i = 0; i < argc && i < 12; i++)
        printf("argv[%d]=%.60s%s\n", i, argv[i], strlen(argv[i]) > 60 ? "…" : "");
    size_t bytes = 0;
    for (int i = 0; i < argc; i++)
        bytes += strlen(argv[i]) + 1;
    printf("argv bytes=%zu null=%d\n", bytes, argv[argc] == NULL);

    int count = 0;
    for (; envp[count] != NULL; count++)
        if (count < 12)
            printf("envp[%d]=%.60s\n", count, envp[count]);
    printf("envc=%d\n", count);

    for (const Elf64_auxv_t *entry = (void *)&envp[count + 1]; entry->a_type != AT_NULL; entry++)
        print_auxiliary(entry);
    printf("stack aligned=%d\n", (unsigned long)(argv - 1) % 16 == 0);
    return 0;
}
