// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The VLA workspace authors
//
// Message loss, message delay and clock jumps for single processes, without privileges and without touching the rest
// of the machine. Loaded with LD_PRELOAD; disturbance.py builds it and holds the switches.
//
// Loss and delay: what a process sends as UDP datagrams. A lost one is dropped, a delayed one is sent later by a thread
// of its own, so that the sender is not held up and datagrams may overtake one another. DDS has to be told to use UDP.
// Clock: what a process reads as the time of day. Waits until a time of day are moved with it, so that they last as long
// as they would have: on a real machine some of them would last shorter or longer. Steady clocks are left alone.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

struct switches {
  volatile int32_t loss_ppm;
  volatile int32_t delay_us;
  volatile int32_t jitter_us;
  volatile int32_t unused;
  volatile int64_t clock_ns;
};

struct datagram {
  struct datagram *next;
  int64_t due_ns;
  int socket;
  socklen_t address_length;
  struct sockaddr_storage address;
  size_t length;
  char bytes[];
};

enum { QUEUE_LIMIT = 20000 };
static const int64_t SECOND_NS = 1000000000;

static struct switches none;
static struct switches *now = &none;
static struct datagram *queue;
static int queued;
static int sender_runs;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static ssize_t (*real_sendto)(int, const void *, size_t, int, const struct sockaddr *, socklen_t);
static ssize_t (*real_sendmsg)(int, const struct msghdr *, int);
static int (*real_clock_gettime)(clockid_t, struct timespec *);
static int (*real_timedwait)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
static int (*real_timedlock)(pthread_mutex_t *, const struct timespec *);
static int (*real_sem_timedwait)(sem_t *, const struct timespec *);

__attribute__((constructor)) static void begin(void) {
  real_sendto = dlsym(RTLD_NEXT, "sendto");
  real_sendmsg = dlsym(RTLD_NEXT, "sendmsg");
  real_clock_gettime = dlsym(RTLD_NEXT, "clock_gettime");
  real_timedwait = dlvsym(RTLD_NEXT, "pthread_cond_timedwait", "GLIBC_2.3.2");
  real_timedlock = dlsym(RTLD_NEXT, "pthread_mutex_timedlock");
  real_sem_timedwait = dlsym(RTLD_NEXT, "sem_timedwait");
  if (real_timedwait == NULL) real_timedwait = dlsym(RTLD_NEXT, "pthread_cond_timedwait");
  const char *path = getenv("VLA_DISTURBANCE");
  int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
  if (file < 0) return;
  void *memory = mmap(NULL, sizeof(struct switches), PROT_READ, MAP_SHARED, file, 0);
  close(file);
  if (memory != MAP_FAILED) now = memory;
}

static int64_t steady_ns(void) {
  struct timespec t;
  real_clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * SECOND_NS + t.tv_nsec;
}

static uint32_t dice(void) {
  static __thread uint64_t state;
  if (state == 0) state = (uint64_t)steady_ns() ^ ((uint64_t)getpid() << 32) ^ (uintptr_t)&state;
  state ^= state << 13, state ^= state >> 7, state ^= state << 17;
  return (uint32_t)(state >> 16);
}

static int is_datagram(int socket, const struct sockaddr *to) {
  int type = 0;
  socklen_t length = sizeof type;
  if (to == NULL || (to->sa_family != AF_INET && to->sa_family != AF_INET6)) return 0;
  return getsockopt(socket, SOL_SOCKET, SO_TYPE, &type, &length) == 0 && type == SOCK_DGRAM;
}

static void *send_later(void *unused) {
  (void)unused;
  for (;;) {
    struct datagram *due = NULL;
    pthread_mutex_lock(&lock);
    if (queue != NULL && queue->due_ns <= steady_ns()) due = queue, queue = due->next, queued--;
    pthread_mutex_unlock(&lock);
    if (due == NULL) {
      usleep(500);
      continue;
    }
    real_sendto(due->socket, due->bytes, due->length, MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&due->address,
                due->address_length);
    free(due);
  }
  return NULL;
}

static void put_in_queue(struct datagram *one) {
  pthread_mutex_lock(&lock);
  if (!sender_runs) {
    pthread_t thread;
    sender_runs = pthread_create(&thread, NULL, send_later, NULL) == 0;
  }
  if (!sender_runs || queued >= QUEUE_LIMIT) {
    free(one);
  } else {
    struct datagram **at = &queue;
    while (*at != NULL && (*at)->due_ns <= one->due_ns) at = &(*at)->next;
    one->next = *at, *at = one, queued++;
  }
  pthread_mutex_unlock(&lock);
}

// 1: the datagram was lost or will be sent later.
static int taken(int socket, const struct iovec *parts, size_t count, const struct sockaddr *to, socklen_t length) {
  int32_t loss_ppm = now->loss_ppm, delay_us = now->delay_us, jitter_us = now->jitter_us;
  if ((loss_ppm <= 0 && delay_us <= 0) || !is_datagram(socket, to)) return 0;
  if (loss_ppm > 0 && dice() % 1000000 < (uint32_t)loss_ppm) return 1;
  if (delay_us <= 0 || length > sizeof(struct sockaddr_storage)) return 0;
  size_t size = 0;
  for (size_t i = 0; i < count; i++) size += parts[i].iov_len;
  struct datagram *one = malloc(sizeof *one + size);
  if (one == NULL) return 0;
  int64_t extra_us = jitter_us > 0 ? dice() % (uint32_t)jitter_us : 0;
  one->due_ns = steady_ns() + (delay_us + extra_us) * 1000;
  one->socket = socket, one->address_length = length, one->length = size;
  memcpy(&one->address, to, length);
  char *end = one->bytes;
  for (size_t i = 0; i < count; i++) {
    memcpy(end, parts[i].iov_base, parts[i].iov_len);
    end += parts[i].iov_len;
  }
  put_in_queue(one);
  return 1;
}

ssize_t sendto(int socket, const void *bytes, size_t length, int flags, const struct sockaddr *to, socklen_t to_length) {
  struct iovec part = {(void *)bytes, length};
  if (taken(socket, &part, 1, to, to_length)) return (ssize_t)length;
  return real_sendto(socket, bytes, length, flags, to, to_length);
}

ssize_t sendmsg(int socket, const struct msghdr *message, int flags) {
  if (message != NULL && taken(socket, message->msg_iov, message->msg_iovlen, message->msg_name, message->msg_namelen)) {
    size_t size = 0;
    for (size_t i = 0; i < message->msg_iovlen; i++) size += message->msg_iov[i].iov_len;
    return (ssize_t)size;
  }
  return real_sendmsg(socket, message, flags);
}

static void shift(struct timespec *t, int64_t ns) {
  int64_t sum = t->tv_sec * SECOND_NS + t->tv_nsec + ns;
  t->tv_sec = sum / SECOND_NS, t->tv_nsec = sum % SECOND_NS;
}

int clock_gettime(clockid_t clock, struct timespec *t) {
  int status = real_clock_gettime(clock, t);
  if (status == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) shift(t, now->clock_ns);
  return status;
}

int gettimeofday(struct timeval *t, void *zone) {
  (void)zone;
  struct timespec exact;
  if (clock_gettime(CLOCK_REALTIME, &exact) != 0) return -1;
  t->tv_sec = exact.tv_sec, t->tv_usec = exact.tv_nsec / 1000;
  return 0;
}

time_t time(time_t *out) {
  struct timespec exact;
  clock_gettime(CLOCK_REALTIME, &exact);
  if (out != NULL) *out = exact.tv_sec;
  return exact.tv_sec;
}

// A deadline as the kernel sees it. One on the steady clock is near that clock; one on the time of day is decades ahead.
static struct timespec unshifted(const struct timespec *until) {
  struct timespec real = *until, steady;
  real_clock_gettime(CLOCK_MONOTONIC, &steady);
  if (real.tv_sec > steady.tv_sec + 315360000) shift(&real, -now->clock_ns);
  return real;
}

int pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex, const struct timespec *until) {
  struct timespec real = unshifted(until);
  return real_timedwait(condition, mutex, &real);
}

int pthread_mutex_timedlock(pthread_mutex_t *mutex, const struct timespec *until) {
  struct timespec real = unshifted(until);
  return real_timedlock(mutex, &real);
}

int sem_timedwait(sem_t *semaphore, const struct timespec *until) {
  struct timespec real = unshifted(until);
  return real_sem_timedwait(semaphore, &real);
}
