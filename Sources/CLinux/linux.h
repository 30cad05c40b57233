// The parts of Linux that the Glibc module does not export to Swift. Only the room System imports this.
#pragma once
#include <dirent.h>
#include <errno.h>
#include <linux/filter.h>
#include <malloc.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

// accept4 is declared under _GNU_SOURCE only, which changes the types that sys/socket.h gives to Swift; the raw
// system call has the same arguments and needs no feature macro.
static inline int clinux_accept4(int fd, struct sockaddr *address, socklen_t *length, int flags) {
    return (int)syscall(SYS_accept4, fd, address, length, flags);
}

// getrlimit takes an enum under _GNU_SOURCE and an int elsewhere. Raises the soft limit of open files to the hard one and
// returns what is in force then, or -1.
static inline long clinux_raise_descriptor_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return -1;
    rlim_t soft = limit.rlim_cur;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) == 0) soft = limit.rlim_max;
    return soft > 0x7fffffff ? 0x7fffffff : (long)soft;
}

// A counter that one thread writes and any thread reads: relaxed atomics, which cost what plain loads and stores do. Only
// the writer may add: it reads and writes in two steps.
static inline uint64_t clinux_counter_load(const uint64_t *counter) { return __atomic_load_n(counter, __ATOMIC_RELAXED); }
static inline void clinux_counter_store(uint64_t *counter, uint64_t value) {
    __atomic_store_n(counter, value, __ATOMIC_RELAXED);
}
static inline void clinux_counter_add(uint64_t *counter, uint64_t amount) {
    __atomic_store_n(counter, __atomic_load_n(counter, __ATOMIC_RELAXED) + amount, __ATOMIC_RELAXED);
}

// As above, for RLIMIT_CORE.
static inline int clinux_no_core(void) {
    struct rlimit none = {0, 0};
    return setrlimit(RLIMIT_CORE, &none);
}

// prctl is variadic, which Swift cannot call.
static inline int clinux_no_new_privileges(void) { return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); }
static inline int clinux_not_dumpable(void) { return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }
static inline void clinux_set_thread_name(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }

// The array is declared longer than what there is of an entry, so that reading it whole, as Swift would, reads too much.
static inline const char *clinux_entry_name(const struct dirent *entry) { return entry->d_name; }

// sched_getaffinity is declared under _GNU_SOURCE only. The number of processors in the calling thread's mask, or -1.
static inline int clinux_affinity_count(void) {
    unsigned long mask[1024 / sizeof(unsigned long)];
    long bytes = syscall(SYS_sched_getaffinity, 0, sizeof mask, mask);
    if (bytes < 0) return -1;
    int count = 0;
    for (unsigned long i = 0; i < (unsigned long)bytes / sizeof(unsigned long); i++) count += __builtin_popcountl(mask[i]);
    return count;
}
