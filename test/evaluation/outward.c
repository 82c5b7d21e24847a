// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 The VLA workspace authors

/* Put before libc's functions (LD_PRELOAD): writes down each address outside this machine that a process connects or sends to,
 * and each name that it looks up. VLA_OUTWARD names the file. What is written down is still let through. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int is_outside(const struct sockaddr *address, socklen_t length) {
  if (address == NULL) return 0;
  if (address->sa_family == AF_INET && length >= sizeof(struct sockaddr_in)) {
    unsigned host = ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr);
    return host >> 24 != 127 && host != 0;
  }
  if (address->sa_family == AF_INET6 && length >= sizeof(struct sockaddr_in6)) {
    const struct in6_addr *host = &((const struct sockaddr_in6 *)address)->sin6_addr;
    if (IN6_IS_ADDR_LOOPBACK(host) || IN6_IS_ADDR_UNSPECIFIED(host)) return 0;
    return !(IN6_IS_ADDR_V4MAPPED(host) && host->s6_addr[12] == 127);
  }
  return 0;
}

static void write_down(const char *how, const char *host, int port) {
  char program[64] = "?", line[512];
  const char *path = getenv("VLA_OUTWARD");
  if (path == NULL) return;
  int file = open("/proc/self/comm", O_RDONLY | O_CLOEXEC);
  if (file >= 0) {
    ssize_t got = read(file, program, sizeof program - 1);
    program[got > 0 ? got - 1 : 0] = 0;
    close(file);
  }
  int written = snprintf(line, sizeof line, "%s %d %s %.300s:%d\n", program, (int)getpid(), how, host, port);
  file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (file >= 0) {
    if (write(file, line, written) < 0) abort();
    close(file);
  }
}

static void note(const char *how, const struct sockaddr *address, socklen_t length) {
  char host[INET6_ADDRSTRLEN] = "?";
  if (!is_outside(address, length)) return;
  const void *raw = address->sa_family == AF_INET ? (const void *)&((const struct sockaddr_in *)address)->sin_addr
                                                  : (const void *)&((const struct sockaddr_in6 *)address)->sin6_addr;
  inet_ntop(address->sa_family, raw, host, sizeof host);
  write_down(how, host, ntohs(((const struct sockaddr_in *)address)->sin_port));
}

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **found) {
  int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **) = dlsym(RTLD_NEXT, "getaddrinfo");
  char own[256] = "", address[16];
  gethostname(own, sizeof own - 1);
  if (node != NULL && strcmp(node, "localhost") != 0 && strcmp(node, own) != 0 && inet_pton(AF_INET, node, address) != 1 &&
      inet_pton(AF_INET6, node, address) != 1)
    write_down("look-up", node, 0);
  return real(node, service, hints, found);
}

int connect(int socket, const struct sockaddr *address, socklen_t length) {
  int (*real)(int, const struct sockaddr *, socklen_t) = dlsym(RTLD_NEXT, "connect");
  note("connect", address, length);
  return real(socket, address, length);
}

ssize_t sendto(int socket, const void *bytes, size_t size, int flags, const struct sockaddr *to, socklen_t length) {
  ssize_t (*real)(int, const void *, size_t, int, const struct sockaddr *, socklen_t) = dlsym(RTLD_NEXT, "sendto");
  note("send", to, length);
  return real(socket, bytes, size, flags, to, length);
}

ssize_t sendmsg(int socket, const struct msghdr *message, int flags) {
  ssize_t (*real)(int, const struct msghdr *, int) = dlsym(RTLD_NEXT, "sendmsg");
  if (message != NULL) note("send", message->msg_name, message->msg_namelen);
  return real(socket, message, flags);
}

int sendmmsg(int socket, struct mmsghdr *messages, unsigned int count, int flags) {
  int (*real)(int, struct mmsghdr *, unsigned int, int) = dlsym(RTLD_NEXT, "sendmmsg");
  for (unsigned int i = 0; i < count; i++) note("send", messages[i].msg_hdr.msg_name, messages[i].msg_hdr.msg_namelen);
  return real(socket, messages, count, flags);
}
