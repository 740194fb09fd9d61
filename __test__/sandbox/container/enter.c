/*
 * Runs a program as a container engine would that trusts it with little: without capabilities, and under
 * a filter of system calls like those that engines come with.
 *
 *   enter UID VARIANT PROGRAM [ARGUMENT...]
 *
 * UID is the user to become; one who may not become anybody says its own. VARIANT is what is refused
 * beside namespaces and the duplicating of descriptors of others:
 *
 *   current   nothing more
 *   elder     reading the memory of others by a call of its own
 *   closed    putting descriptors into others, which no engine refuses and some other filter might
 *   managed   a supervisor below the one that there is: the filter's own, whom nobody listens to
 *
 * What is not had here: namespaces and a root of its own, which would need the privileges to make them.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define OURS AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OURS AUDIT_ARCH_AARCH64
#else
#error "no filter is written for this architecture"
#endif

#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif
#ifndef SYS_clone3
#define SYS_clone3 435
#endif

#define NEW_NAMESPACES                                                                            \
  (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |   \
   CLONE_NEWNET)

static const int REFUSED[] = {
    SYS_pidfd_getfd, SYS_ptrace, SYS_kcmp, SYS_unshare, SYS_setns, SYS_mount, SYS_umount2,
    SYS_pivot_root, SYS_chroot, SYS_bpf, SYS_perf_event_open, SYS_userfaultfd, SYS_keyctl,
    SYS_add_key, SYS_request_key, SYS_open_by_handle_at, SYS_name_to_handle_at,
    SYS_fanotify_init, SYS_quotactl, SYS_acct, SYS_syslog, SYS_swapon, SYS_swapoff, SYS_reboot,
    SYS_sethostname, SYS_setdomainname, SYS_settimeofday, SYS_clock_settime, SYS_init_module,
    SYS_finit_module, SYS_delete_module, SYS_kexec_load, SYS_vhangup, SYS_move_pages,
    SYS_mbind, SYS_set_mempolicy, SYS_migrate_pages,
    /* io_uring_setup, _enter, _register; open_tree to fspick; mount_setattr. */
    425, 426, 427, 428, 429, 430, 431, 432, 433, 442,
};
static const int MEMORY[] = {SYS_process_vm_readv, SYS_process_vm_writev};

static struct sock_filter steps[256];
static unsigned short count;

static void step(unsigned short code, unsigned int k, unsigned char yes, unsigned char no) {
  steps[count++] = (struct sock_filter){.code = code, .jt = yes, .jf = no, .k = k};
}

static void answer(unsigned int how) { step(BPF_RET | BPF_K, how, 0, 0); }

static void refuse(int call, int error) {
  step(BPF_JMP | BPF_JEQ | BPF_K, (unsigned int)call, 0, 1);
  answer(SECCOMP_RET_ERRNO | (unsigned int)error);
}

static void load(size_t offset) {
  step(BPF_LD | BPF_W | BPF_ABS, (unsigned int)offset, 0, 0);
}

/* Of a listener: gives a descriptor to the caller. */
#define NOTIF_ADDFD 0x40182103

static int filter(const char *variant) {
  load(offsetof(struct seccomp_data, arch));
  step(BPF_JMP | BPF_JEQ | BPF_K, OURS, 1, 0);
  /* Engines have a filter for 32-bit programs of their own, which nothing here is about. */
  answer(SECCOMP_RET_ALLOW);
  load(offsetof(struct seccomp_data, nr));
  for (size_t at = 0; at < sizeof REFUSED / sizeof *REFUSED; at++) refuse(REFUSED[at], EPERM);
  if (strcmp(variant, "elder") == 0)
    for (size_t at = 0; at < sizeof MEMORY / sizeof *MEMORY; at++) refuse(MEMORY[at], EPERM);
  /* Its flags are in memory, where no filter looks: the C library goes back to `clone`. */
  refuse(SYS_clone3, ENOSYS);
  step(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 4);
  load(offsetof(struct seccomp_data, args[0]));
  step(BPF_JMP | BPF_JSET | BPF_K, NEW_NAMESPACES, 0, 1);
  answer(SECCOMP_RET_ERRNO | EPERM);
  answer(SECCOMP_RET_ALLOW);
  /* Sockets to the machine below, which no network namespace keeps in. */
  step(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 4);
  load(offsetof(struct seccomp_data, args[0]));
  step(BPF_JMP | BPF_JEQ | BPF_K, AF_VSOCK, 0, 1);
  answer(SECCOMP_RET_ERRNO | EPERM);
  answer(SECCOMP_RET_ALLOW);
  if (strcmp(variant, "closed") == 0) {
    step(BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 0, 4);
    load(offsetof(struct seccomp_data, args[1]));
    step(BPF_JMP | BPF_JEQ | BPF_K, NOTIF_ADDFD, 0, 1);
    answer(SECCOMP_RET_ERRNO | EPERM);
    answer(SECCOMP_RET_ALLOW);
  }
  answer(SECCOMP_RET_ALLOW);
  struct sock_fprog program = {.len = count, .filter = steps};
  int managed = strcmp(variant, "managed") == 0;
  unsigned long flags = managed ? SECCOMP_FILTER_FLAG_NEW_LISTENER : 0;
  long done = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
  /* A filter has a supervisor while somebody has the listener. */
  return done < 0 || (managed && dup((int)done) < 0) ? -1 : 0;
}

static int drop_capabilities(void) {
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct none[2] = {{0}};
  return (int)syscall(SYS_capset, &header, none);
}

static int become(uid_t user) {
  if (user == getuid()) return 0;
  gid_t group = user;
  if (setgroups(0, NULL) != 0) return -1;
  return setresgid(group, group, group) != 0 || setresuid(user, user, user) != 0 ? -1 : 0;
}

static int failed(const char *what) {
  fprintf(stderr, "enter: %s: %s\n", what, strerror(errno));
  return 125;
}

int main(int arguments, char **argument) {
  if (arguments < 4) {
    fputs("enter: UID VARIANT PROGRAM [ARGUMENT...]\n", stderr);
    return 125;
  }
  const char *variant = argument[2];
  if (strstr(" current elder closed managed ", variant) == NULL) {
    fputs("enter: VARIANT is current, elder, closed or managed\n", stderr);
    return 125;
  }
  /* What bounds a program of root's. It takes a capability, which a change of users takes away; who has
     none has nothing to be bounded. */
  for (int one = 0; prctl(PR_CAPBSET_READ, one) >= 0; one++)
    if (prctl(PR_CAPBSET_DROP, one) != 0 && errno != EPERM) return failed("the bounding set");
  if (become((uid_t)strtoul(argument[1], NULL, 10)) != 0) return failed("the user");
  if (drop_capabilities() != 0) return failed("capabilities");
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return failed("no new privileges");
  if (filter(variant) != 0) return failed("the filter");
  execvp(argument[3], &argument[3]);
  return failed(argument[3]);
}
